import { Route53ResolverFirewallConfig } from "@cdktf/provider-aws/lib/route53-resolver-firewall-config";
import { Route53ResolverFirewallDomainList } from "@cdktf/provider-aws/lib/route53-resolver-firewall-domain-list";
import { Route53ResolverFirewallRule } from "@cdktf/provider-aws/lib/route53-resolver-firewall-rule";
import { Route53ResolverFirewallRuleGroup } from "@cdktf/provider-aws/lib/route53-resolver-firewall-rule-group";
import { Route53ResolverFirewallRuleGroupAssociation } from "@cdktf/provider-aws/lib/route53-resolver-firewall-rule-group-association";
import { Construct } from "constructs";

import { readable } from "./logical-id";
import type { PartProps } from "./settings";

export interface DnsFirewallProps extends PartProps {
  readonly vpcId: string;
  /** The one name that is answered. */
  readonly hostName: string;
}

/** Lower comes first. A VPC's own associations may be from 101 to 9899. */
const PRIORITY = { allow: 100, block: 200, association: 101 } as const;

/**
 * Answers for one name in a VPC and says of every other that it does not exist. The resolver of a VPC is reachable from it whatever
 * its routes and security groups say, and asks the whole world; that is a way out for whoever controls a domain.
 *
 * @see https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-dns-firewall-overview.html (read 2026-11-23)
 */
export class DnsFirewall extends Construct {
  readonly association: Route53ResolverFirewallRuleGroupAssociation;

  constructor(scope: Construct, id: string, props: DnsFirewallProps) {
    super(scope, id);
    const { names, tags, vpcId, hostName } = props;
    const group = readable(
      new Route53ResolverFirewallRuleGroup(this, "rule-group", { name: names.network("names"), tags }),
    );
    const rules = (["allow", "block"] as const).map((action) => {
      const list = readable(
        new Route53ResolverFirewallDomainList(this, `${action}-list`, {
          name: names.network(`names-${action}`),
          // Route 53 gives names back with their last dot; written without it, every plan would show a change.
          domains: [action === "allow" ? `${hostName}.` : "*."],
          tags,
        }),
      );
      return readable(
        new Route53ResolverFirewallRule(this, `${action}-rule`, {
          name: names.network(`names-${action}`),
          firewallRuleGroupId: group.id,
          firewallDomainListId: list.id,
          priority: PRIORITY[action],
          // AWS answers for the allowed name and says where it leads: nobody else can.
          ...(action === "allow"
            ? { action: "ALLOW", firewallDomainRedirectionAction: "TRUST_REDIRECTION_DOMAIN" }
            : { action: "BLOCK", blockResponse: "NXDOMAIN" }),
        }),
      );
    });
    // Where the firewall itself fails, names are not answered.
    const config = readable(
      new Route53ResolverFirewallConfig(this, "config", { resourceId: vpcId, firewallFailOpen: "DISABLED" }),
    );
    this.association = readable(
      new Route53ResolverFirewallRuleGroupAssociation(this, "association", {
        name: names.network("names"),
        firewallRuleGroupId: group.id,
        vpcId,
        priority: PRIORITY.association,
        tags,
        dependsOn: [...rules, config],
      }),
    );
  }
}
