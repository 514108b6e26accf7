/** Hosts on which plain HTTP is taken: this machine, for local servers and tests. */
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Whether what is sent to a URL is encrypted, or never leaves this machine. */
export function isEncryptedOrLocal({ protocol, hostname }: URL): boolean {
  return protocol === "https:" || (protocol === "http:" && LOOPBACK.test(hostname));
}
