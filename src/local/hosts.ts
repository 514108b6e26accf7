/** Base URLs in a stack, each to the local server that stands for it. */
export type Hosts = Readonly<Record<string, string>>;

/** Where a request to a URL goes on this machine; `undefined` where nothing stands for its host. */
export function localUrl(hosts: Hosts, url: string): string | undefined {
  // A host whose name only begins like another's is another.
  const host = Object.entries(hosts).find(
    ([base]) => url.startsWith(base) && (base.endsWith("/") || /^(?:[/?#]|$)/.test(url.slice(base.length))),
  );
  return host === undefined ? undefined : host[1] + url.slice(host[0].length);
}

/** Sends a request, as `fetch` does. */
export type Reach = (url: string, init?: RequestInit) => Promise<Response>;

/** Sends requests to whatever stands for their hosts, and nothing anywhere else. */
export function reachOf(hosts: Hosts): Reach {
  return (url, init) => {
    const local = localUrl(hosts, url);
    return local === undefined
      ? Promise.reject(new Error(`this machine stands for no host of ${url}`))
      : fetch(local, init);
  };
}
