import { randomBytes } from "node:crypto";

import { notFound } from "./gaps";
import { jsonAnswer, jsonOf, textOf, type AwsAnswer, type AwsCall } from "./wire";

type Members = Readonly<Record<string, unknown>>;

/** Route 53 Resolver's DNS firewall, of which moto has nothing: what Terraform creates is kept and given back. */
export class DnsFirewallApi {
  readonly #lists = new Map<string, Members & { readonly Domains: readonly string[] }>();
  readonly #groups = new Map<string, Members>();
  readonly #rules = new Map<string, Members>();
  readonly #associations = new Map<string, Members>();
  readonly #configs = new Map<string, Members>();
  readonly #tags = new Map<string, unknown>();

  constructor(
    private readonly accountId: string,
    private readonly region: string,
  ) {}

  /** How many things of each kind there are: nothing is left after a destroy. */
  get size(): number {
    return this.#lists.size + this.#groups.size + this.#rules.size + this.#associations.size;
  }

  handle(call: AwsCall): AwsAnswer | undefined {
    if (call.service !== "route53resolver") return undefined;
    const input = jsonOf(call.body);
    const text = (name: string): string => textOf(input[name]);
    const id = (prefix: string): string => `${prefix}-${randomBytes(8).toString("hex").slice(0, 17)}`;
    const arn = (kind: string, of: string): string =>
      `arn:aws:route53resolver:${this.region}:${this.accountId}:${kind}/${of}`;
    switch (call.action) {
      case "CreateFirewallDomainList": {
        const list = { Id: id("rslvr-fdl"), Name: text("Name"), Status: "COMPLETE", Domains: [], DomainCount: 0 };
        const made = { ...list, Arn: arn("firewall-domain-list", list.Id) };
        this.#lists.set(list.Id, made);
        this.#tags.set(made.Arn, input["Tags"] ?? []);
        return jsonAnswer({ FirewallDomainList: made });
      }
      case "UpdateFirewallDomains": {
        const list = this.#found(this.#lists, text("FirewallDomainListId"), "domain list");
        const domains = ((input["Domains"] ?? []) as readonly string[]).map((domain) => domain.replace(/\.?$/, "."));
        this.#lists.set(textOf(list["Id"]), { ...list, Domains: domains, DomainCount: domains.length });
        return jsonAnswer({ Id: list["Id"], Name: list["Name"], Status: "COMPLETE" });
      }
      case "GetFirewallDomainList":
        return jsonAnswer({
          FirewallDomainList: this.#found(this.#lists, text("FirewallDomainListId"), "domain list"),
        });
      case "ListFirewallDomains":
        return jsonAnswer({ Domains: this.#found(this.#lists, text("FirewallDomainListId"), "domain list").Domains });
      case "DeleteFirewallDomainList":
        return this.#remove(this.#lists, text("FirewallDomainListId"), "FirewallDomainList");
      case "CreateFirewallRuleGroup": {
        const groupId = id("rslvr-frg");
        const made = { Id: groupId, Arn: arn("firewall-rule-group", groupId), Name: text("Name"), RuleCount: 0 };
        const group = { ...made, Status: "COMPLETE", OwnerId: this.accountId, ShareStatus: "NOT_SHARED" };
        this.#groups.set(groupId, group);
        this.#tags.set(made.Arn, input["Tags"] ?? []);
        return jsonAnswer({ FirewallRuleGroup: group });
      }
      case "GetFirewallRuleGroup":
        return jsonAnswer({ FirewallRuleGroup: this.#found(this.#groups, text("FirewallRuleGroupId"), "rule group") });
      case "DeleteFirewallRuleGroup":
        return this.#remove(this.#groups, text("FirewallRuleGroupId"), "FirewallRuleGroup");
      case "CreateFirewallRule":
      case "UpdateFirewallRule": {
        const key = `${text("FirewallRuleGroupId")}:${text("FirewallDomainListId")}`;
        const rule = { ...this.#rules.get(key), ...input };
        this.#rules.set(key, rule);
        return jsonAnswer({ FirewallRule: rule });
      }
      case "ListFirewallRules":
        return jsonAnswer({
          FirewallRules: [...this.#rules.values()].filter(
            (rule) => rule["FirewallRuleGroupId"] === input["FirewallRuleGroupId"],
          ),
        });
      case "DeleteFirewallRule":
        return this.#remove(
          this.#rules,
          `${text("FirewallRuleGroupId")}:${text("FirewallDomainListId")}`,
          "FirewallRule",
        );
      case "AssociateFirewallRuleGroup": {
        const made = { ...input, Id: id("rslvr-frgassoc"), Status: "COMPLETE" };
        const association = { ...made, Arn: arn("firewall-rule-group-association", made.Id) };
        this.#associations.set(made.Id, { MutationProtection: "DISABLED", ...association });
        this.#tags.set(association.Arn, input["Tags"] ?? []);
        return jsonAnswer({ FirewallRuleGroupAssociation: this.#associations.get(made.Id) });
      }
      case "GetFirewallRuleGroupAssociation":
        return jsonAnswer({
          FirewallRuleGroupAssociation: this.#found(
            this.#associations,
            text("FirewallRuleGroupAssociationId"),
            "association",
          ),
        });
      case "DisassociateFirewallRuleGroup":
        return this.#remove(this.#associations, text("FirewallRuleGroupAssociationId"), "FirewallRuleGroupAssociation");
      case "UpdateFirewallConfig": {
        const config = {
          Id: `rslvr-fc-${text("ResourceId")}`,
          ResourceId: text("ResourceId"),
          OwnerId: this.accountId,
          FirewallFailOpen: text("FirewallFailOpen"),
        };
        this.#configs.set(config.ResourceId, config);
        return jsonAnswer({ FirewallConfig: config });
      }
      case "GetFirewallConfig":
        return jsonAnswer({
          FirewallConfig: this.#configs.get(text("ResourceId")) ?? {
            Id: `rslvr-fc-${text("ResourceId")}`,
            ResourceId: text("ResourceId"),
            OwnerId: this.accountId,
            FirewallFailOpen: "DISABLED",
          },
        });
      case "ListFirewallConfigs":
        return jsonAnswer({ FirewallConfigs: [...this.#configs.values()] });
      case "ListTagsForResource":
        return jsonAnswer({ Tags: this.#tags.get(text("ResourceArn")) ?? [] });
      case "TagResource":
        this.#tags.set(text("ResourceArn"), input["Tags"]);
        return jsonAnswer({});
      case "UntagResource":
        return jsonAnswer({});
      default:
        return undefined;
    }
  }

  #found<T>(kept: ReadonlyMap<string, T>, id: string, what: string): T {
    const found = kept.get(id);
    if (found === undefined) throw notFound(`${what} ${id}`);
    return found;
  }

  #remove(kept: Map<string, Members>, id: string, member: string): AwsAnswer {
    const removed = this.#found(kept, id, member);
    kept.delete(id);
    return jsonAnswer({ [member]: { ...removed, Status: "DELETING" } });
  }
}
