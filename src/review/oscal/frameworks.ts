/**
 * The controls that claims may name, by framework. An allow-list with current ids: NIST's own catalogue of CSF 2.0 still holds ids of 1.1 without a
 * mark, so that being in a catalogue says nothing. Titles are the frameworks' own.
 */
export const FRAMEWORKS = {
  "sp800-53": {
    title: "NIST SP 800-53 revision 5",
    /** Release of the catalogue: the ids are its control ids. */
    source:
      "https://raw.githubusercontent.com/usnistgov/oscal-content/main/nist.gov/SP800-53/rev5/json/NIST_SP-800-53_rev5_catalog.json",
    controls: {
      "AC-2(3)": "Disable Accounts",
      "AC-2(4)": "Automated Audit Actions",
      "AC-2(12)": "Account Monitoring for Atypical Usage",
      "AC-3": "Access Enforcement",
      "AC-3(2)": "Dual Authorization",
      "AC-4": "Information Flow Enforcement",
      "AC-5": "Separation of Duties",
      "AC-6": "Least Privilege",
      "AC-12": "Session Termination",
      "AU-2": "Event Logging",
      "AU-3": "Content of Audit Records",
      "AU-6(1)": "Automated Process Integration",
      "AU-9": "Protection of Audit Information",
      "AU-9(3)": "Cryptographic Protection",
      "AU-10": "Non-repudiation",
      "AU-11": "Audit Record Retention",
      "AU-12": "Audit Record Generation",
      "CA-7": "Continuous Monitoring",
      "CM-3": "Configuration Change Control",
      "CM-5(1)": "Automated Access Enforcement and Audit Records",
      "CP-10": "System Recovery and Reconstitution",
      "IA-5": "Authenticator Management",
      "IA-9": "Service Identification and Authentication",
      "IR-4": "Incident Handling",
      "SC-7": "Boundary Protection",
      "SC-7(5)": "Deny by Default — Allow by Exception",
      "SC-8(1)": "Cryptographic Protection",
      "SC-12": "Cryptographic Key Establishment and Management",
      "SC-13": "Cryptographic Protection",
      "SC-28": "Protection of Information at Rest",
      "SI-4(5)": "System-generated Alerts",
      "SI-7": "Software, Firmware, and Information Integrity",
      "SI-7(1)": "Integrity Checks",
    },
  },
  "csf-2.0": {
    title: "NIST Cybersecurity Framework 2.0",
    source:
      "https://raw.githubusercontent.com/usnistgov/oscal-content/main/nist.gov/CSF/v2.0/json/NIST_CSF_v2.0_catalog.json",
    controls: {
      "GV.PO-01": "Policy for managing cybersecurity risks is established",
      "GV.RR-02": "Roles, responsibilities, and authorities are established, communicated, understood, and enforced",
      "ID.AM-07": "Inventories of data and corresponding metadata for designated data types are maintained",
      "ID.RA-07": "Changes and exceptions are managed, assessed for risk impact, recorded, and tracked",
      "PR.AA-01": "Identities and credentials for authorized users, services, and hardware are managed",
      "PR.AA-03": "Users, services, and hardware are authenticated",
      "PR.AA-04": "Identity assertions are protected, conveyed, and verified",
      "PR.AA-05":
        "Access permissions, entitlements, and authorizations are defined in a policy, managed, enforced, and reviewed",
      "PR.DS-01": "The confidentiality, integrity, and availability of data-at-rest are protected",
      "PR.DS-02": "The confidentiality, integrity, and availability of data-in-transit are protected",
      "PR.DS-10": "The confidentiality, integrity, and availability of data-in-use are protected",
      "PR.IR-01": "Networks and environments are protected from unauthorized logical access and usage",
      "PR.PS-01": "Configuration management practices are established and applied",
      "PR.PS-04": "Log records are generated and made available for continuous monitoring",
      "DE.AE-06": "Information on adverse events is provided to authorized staff and tools",
      "DE.CM-03": "Personnel activity and technology usage are monitored to find potentially adverse events",
      "DE.CM-09": "Computing hardware and software, runtime environments, and their data are monitored",
      "RS.AN-06": "Actions performed during an investigation are recorded, and the records' integrity is preserved",
      "RS.MI-01": "Incidents are contained",
    },
  },
  "sp800-207": {
    title: "NIST SP 800-207, tenets of zero trust (section 2.1)",
    source: "https://doi.org/10.6028/NIST.SP.800-207",
    controls: {
      "Tenet 2": "All communication is secured regardless of network location",
      "Tenet 3": "Access to individual enterprise resources is granted on a per-session basis",
      "Tenet 4": "Access to resources is determined by dynamic policy",
      "Tenet 5": "The enterprise monitors and measures the integrity and security posture of all owned assets",
      "Tenet 6": "Authentication and authorization are dynamic and strictly enforced before access is allowed",
      "Tenet 7": "The enterprise collects as much information as possible about the current state of its assets",
    },
  },
  "owasp-nhi-2025": {
    title: "OWASP Non-Human Identities Top 10, 2025",
    source: "https://owasp.org/www-project-non-human-identities-top-10/2025/top-10-2025",
    controls: {
      "NHI1:2025": "Improper Offboarding",
      "NHI2:2025": "Secret Leakage",
      "NHI4:2025": "Insecure Authentication",
      "NHI5:2025": "Overprivileged NHI",
      "NHI6:2025": "Insecure Cloud Deployment Configurations",
      "NHI7:2025": "Long-Lived Secrets",
      "NHI9:2025": "NHI Reuse",
      "NHI10:2025": "Human Use of NHI",
    },
  },
} as const;

export type FrameworkId = keyof typeof FRAMEWORKS;
/** Controls that a claim names, by framework. */
export type Controls = { readonly [Id in FrameworkId]?: readonly (keyof (typeof FRAMEWORKS)[Id]["controls"])[] };

export const FRAMEWORK_IDS = Object.keys(FRAMEWORKS) as readonly FrameworkId[];

/**
 * A control's id as OSCAL takes it, which has neither brackets, colons nor blanks: `AC-6(1)` is `ac-6.1` in NIST's catalogue, and those without a
 * catalogue in OSCAL become a token.
 */
export function controlToken(framework: FrameworkId, id: string): string {
  if (framework === "sp800-53") return id.toLowerCase().replace("(", ".").replace(")", "");
  return framework === "csf-2.0" ? id : id.toLowerCase().replace(/[ :]/g, "-");
}

/** The title of a control. */
export function controlTitle(framework: FrameworkId, id: string): string {
  const titles: Readonly<Record<string, string>> = FRAMEWORKS[framework].controls;
  return titles[id] ?? id;
}
