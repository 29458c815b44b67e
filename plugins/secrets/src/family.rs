//! The families of keys that can be told by their form, as their issuers publish it. The build script reads this file
//! too.

/// Bytes that part of a key may consist of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Digits alone.
    Digit,
    /// Letters alone.
    Letter,
    /// `0-9a-f`.
    LowerHex,
    /// Hexadecimal digits of either case.
    Hex,
    /// `A-Z2-7` (RFC 4648).
    Base32,
    /// Capitals and digits.
    Capital,
    /// Small letters and digits.
    Small,
    /// Letters and digits.
    Alphanumeric,
    /// Letters, digits and `_`.
    Word,
    /// Letters, digits, `-` and `_`: base64url.
    UrlSafe,
    /// Base64 without its padding.
    Base64,
    /// Base64 with its padding.
    Padded,
    /// Base64 with its padding as a URL has it, with escapes.
    Escaped,
    /// Unreserved characters of URLs (RFC 3986).
    Unreserved,
}

/// One part of a key, from left to right.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Part {
    /// From so many to so many bytes of a class, as many as there are.
    Run(Class, usize, usize),
    /// Just this.
    Text(&'static str),
}

/// What else must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    /// Nothing but that it was drawn at random, by the look of it.
    Random,
    /// Six digits of base 62 at the end, the CRC-32 of those before.
    Crc32Base62,
    /// Eight hexadecimal digits at the end, the CRC-32 of all before them, low byte first.
    Crc32Hex,
    /// Bech32 (BIP 173).
    Bech32,
    /// Base64 of a JSON object, up to the first `_`.
    Json,
}

/// How the key around an anchor is found.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    /// The anchor and these parts after it.
    After(&'static [Part], Check),
    /// These parts after the anchor, which is none of the key.
    Behind(&'static [Part]),
    /// So many bytes of a class before the anchor, and these parts after it.
    Around(Class, usize, usize, &'static [Part], Check),
    /// By a function of `special.rs`.
    Special(Special),
}

/// Keys that parts alone do not describe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Special {
    /// `ghs_`, the number of an app, `_` and a JSON web token.
    GitHubStateless,
    /// GitLab's, of old and with routing.
    GitLab,
    /// The parts of a Slack token are parted by hyphens.
    Slack,
    /// The path of a webhook.
    SlackWebhook,
    /// A marker between two halves.
    OpenAi,
    /// A macaroon.
    PyPi,
    /// RFC 7519.
    JsonWebToken,
    /// RFC 7468 and its predecessors.
    PrivateKey,
    /// PuTTY's own format.
    PuttyKey,
    /// 64 bytes in base64, the key of a storage account.
    AzureStorage,
}

/// Keys of one form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Family {
    /// The manifest's rule.
    pub rule: &'static str,
    /// What a message calls it.
    pub title: &'static str,
    /// Texts of which each key holds one.
    #[allow(dead_code, reason = "the build script makes the table of them")]
    pub anchors: &'static [&'static str],
    /// What is around the anchor.
    pub shape: Shape,
}

use Class::{
    Alphanumeric, Base32, Base64, Capital, Digit, Escaped, Hex, Letter, LowerHex, Padded, Small, Unreserved,
    UrlSafe, Word,
};
use Part::{Run, Text};
use Shape::{After, Around, Behind};

const fn family(
    rule: &'static str,
    title: &'static str,
    anchors: &'static [&'static str],
    shape: Shape,
) -> Family {
    Family { rule, title, anchors, shape }
}

/// Parts of random bytes.
const fn after(parts: &'static [Part]) -> Shape {
    After(parts, Check::Random)
}

/// A form that a function knows.
const fn special(special: Special) -> Shape {
    Shape::Special(special)
}

/// Every family. Where several share an anchor, the first that fits counts.
pub(crate) const FAMILIES: &[Family] = &[
    // Clouds.
    family(
        "aws-access-key-id",
        "AWS access key id",
        &["AKIA", "ASIA", "ABIA", "ACCA"],
        after(&[Run(Base32, 16, 16)]),
    ),
    family("aws-bedrock-key", "Amazon Bedrock key", &["ABSK"], after(&[Run(Padded, 109, 272)])),
    family(
        "aws-bedrock-key",
        "Amazon Bedrock key",
        &["bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29t"],
        after(&[Run(Padded, 16, 2048)]),
    ),
    family("google-api-key", "Google API key", &["AIza"], after(&[Run(UrlSafe, 35, 35)])),
    family("google-oauth-secret", "Google OAuth client secret", &["GOCSPX-"], after(&[Run(UrlSafe, 28, 28)])),
    family(
        "google-oauth-token",
        "Google OAuth access token",
        &["ya29."],
        after(&[Run(Unreserved, 40, 1024)]),
    ),
    family("google-oauth-token", "Google OAuth refresh token", &["1//0"], after(&[Run(UrlSafe, 40, 200)])),
    family(
        "azure-storage-key",
        "Azure storage key",
        &["AccountKey=", "accountkey=", "account_key=", "accountKey="],
        special(Special::AzureStorage),
    ),
    family(
        "azure-shared-access-key",
        "Azure shared access key",
        &["SharedAccessKey="],
        Behind(&[Run(Base64, 43, 43), Text("=")]),
    ),
    family(
        "azure-shared-access-signature",
        "Azure shared access signature",
        &["&sig=", "?sig=", ";sig="],
        Behind(&[Run(Escaped, 43, 80)]),
    ),
    family(
        "azure-client-secret",
        "Azure client secret",
        &["Q~"],
        Around(Unreserved, 4, 4, &[Run(Unreserved, 31, 34)], Check::Random),
    ),
    family(
        "azure-key",
        "Azure service key",
        &["JQQJ99", "JQQJ9D", "JQQJ9H"],
        Around(Alphanumeric, 52, 52, &[Run(Alphanumeric, 26, 28)], Check::Random),
    ),
    family(
        "azure-key",
        "Azure DevOps token",
        &["AZDO"],
        Around(Alphanumeric, 76, 76, &[Run(Alphanumeric, 4, 4)], Check::Random),
    ),
    family(
        "digitalocean-token",
        "DigitalOcean token",
        &["dop_v1_", "doo_v1_", "dor_v1_"],
        after(&[Run(LowerHex, 64, 64)]),
    ),
    family("alibaba-key", "Alibaba Cloud key id", &["LTAI"], after(&[Run(Alphanumeric, 16, 24)])),
    family("heroku-key", "Heroku key", &["HRKU-AA"], after(&[Run(UrlSafe, 58, 58)])),
    family("flyio-token", "Fly.io token", &["fo1_"], after(&[Run(UrlSafe, 43, 43)])),
    family("flyio-token", "Fly.io token", &["fm2_", "fm1a_", "fm1r_"], after(&[Run(Padded, 100, 2048)])),
    family(
        "cloudflare-token",
        "Cloudflare token",
        &["cfut_", "cfat_", "cfk_"],
        after(&[Run(Alphanumeric, 40, 40), Run(Alphanumeric, 4, 12)]),
    ),
    family(
        "cloudflare-token",
        "Cloudflare origin CA key",
        &["v1.0-"],
        after(&[Run(LowerHex, 24, 24), Text("-"), Run(LowerHex, 146, 146)]),
    ),
    family(
        "vercel-token",
        "Vercel token",
        &["vcp_", "vci_", "vca_", "vcr_", "vck_"],
        after(&[Run(Alphanumeric, 24, 64)]),
    ),
    family(
        "netlify-token",
        "Netlify token",
        &["nfp_", "nfo_", "nfc_", "nfb_"],
        after(&[Run(Alphanumeric, 36, 40)]),
    ),
    family("supabase-token", "Supabase token", &["sbp_"], after(&[Run(LowerHex, 40, 40)])),
    family("supabase-token", "Supabase secret key", &["sb_secret_"], after(&[Run(UrlSafe, 22, 64)])),
    family(
        "planetscale-token",
        "PlanetScale credential",
        &["pscale_tkn_", "pscale_pw_", "pscale_oauth_"],
        after(&[Run(UrlSafe, 32, 64)]),
    ),
    family("databricks-token", "Databricks token", &["dapi"], after(&[Run(LowerHex, 32, 32)])),
    family(
        "github-token",
        "GitHub token",
        &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"],
        After(&[Run(Alphanumeric, 36, 36)], Check::Crc32Base62),
    ),
    family("github-token", "GitHub refresh token", &["ghr_"], after(&[Run(Alphanumeric, 76, 76)])),
    family("github-token", "GitHub token", &["ghs_"], special(Special::GitHubStateless)),
    family(
        "github-fine-grained-token",
        "GitHub fine-grained token",
        &["github_pat_"],
        after(&[Run(Alphanumeric, 22, 22), Text("_"), Run(Alphanumeric, 59, 59)]),
    ),
    family(
        "gitlab-token",
        "GitLab token",
        &[
            "glpat-", "gldt-", "glrt-", "glrtr-", "glcbt-", "glptt-", "glft-", "glimt-", "glagent-",
            "gloas-", "glsoat-", "glffct-", "glwt-",
        ],
        special(Special::GitLab),
    ),
    family(
        "gitlab-token",
        "GitLab runner registration token",
        &["GR1348941"],
        after(&[Run(UrlSafe, 20, 20)]),
    ),
    family("bitbucket-token", "Bitbucket token", &["ATBB"], after(&[Run(Alphanumeric, 32, 32)])),
    family(
        "atlassian-token",
        "Atlassian token",
        &["ATATT3", "ATCTT3"],
        after(&[Run(UrlSafe, 100, 250), Text("="), Run(Hex, 8, 8)]),
    ),
    family("npm-token", "npm token", &["npm_"], After(&[Run(Alphanumeric, 36, 36)], Check::Crc32Base62)),
    family("pypi-token", "PyPI token", &["pypi-AgE"], special(Special::PyPi)),
    family("rubygems-key", "RubyGems key", &["rubygems_"], after(&[Run(LowerHex, 48, 48)])),
    family("crates-io-token", "crates.io token", &["cio"], after(&[Run(Alphanumeric, 32, 32)])),
    family("nuget-key", "NuGet key", &["oy2"], after(&[Run(Small, 43, 43)])),
    family("clojars-token", "Clojars token", &["CLOJARS_"], after(&[Run(Small, 60, 60)])),
    family("docker-token", "Docker Hub token", &["dckr_pat_", "dckr_oat_"], after(&[Run(UrlSafe, 27, 32)])),
    family("artifactory-token", "Artifactory key", &["AKCp"], after(&[Run(Alphanumeric, 69, 69)])),
    family(
        "artifactory-token",
        "Artifactory reference token",
        &["cmVmdGtuOj"],
        after(&[Run(Alphanumeric, 54, 54)]),
    ),
    family("sourcegraph-token", "Sourcegraph token", &["sgp_"], after(&[Run(LowerHex, 40, 40)])),
    family(
        "sourcegraph-token",
        "Sourcegraph token",
        &["sgp_"],
        after(&[Run(Alphanumeric, 5, 16), Text("_"), Run(LowerHex, 40, 40)]),
    ),
    family(
        "circleci-token",
        "CircleCI token",
        &["CCIPAT_", "CCIPRJ_"],
        after(&[Run(Alphanumeric, 22, 22), Text("_"), Run(LowerHex, 40, 40)]),
    ),
    family("buildkite-token", "Buildkite token", &["bkua_"], after(&[Run(LowerHex, 40, 40)])),
    family("sonar-token", "SonarQube token", &["sqp_", "squ_", "sqa_"], after(&[Run(LowerHex, 40, 40)])),
    family("octopus-key", "Octopus Deploy key", &["API-"], after(&[Run(Capital, 26, 32)])),
    // Infrastructure.
    family("vault-token", "Vault token", &["hvs."], after(&[Run(UrlSafe, 90, 120)])),
    family("vault-token", "Vault token", &["hvb."], after(&[Run(UrlSafe, 138, 300)])),
    family("vault-token", "Vault recovery token", &["hvr."], after(&[Run(UrlSafe, 24, 300)])),
    family("vault-token", "Vault service token", &["hvs."], after(&[Run(Alphanumeric, 24, 28)])),
    family(
        "terraform-token",
        "Terraform Cloud token",
        &[".atlasv1."],
        Around(Alphanumeric, 14, 14, &[Run(UrlSafe, 60, 70)], Check::Random),
    ),
    family("pulumi-token", "Pulumi token", &["pul-"], after(&[Run(LowerHex, 40, 40)])),
    family(
        "doppler-token",
        "Doppler token",
        &["dp.pt.", "dp.ct.", "dp.sa.", "dp.scim.", "dp.audit."],
        after(&[Run(Alphanumeric, 40, 44)]),
    ),
    family(
        "doppler-token",
        "Doppler service token",
        &["dp.st."],
        after(&[Run(UrlSafe, 2, 35), Text("."), Run(Alphanumeric, 40, 44)]),
    ),
    family("doppler-token", "Doppler service token", &["dp.st."], after(&[Run(Alphanumeric, 40, 44)])),
    family(
        "1password-token",
        "1Password service account token",
        &["ops_eyJ"],
        after(&[Run(Padded, 250, 2048)]),
    ),
    family(
        "tailscale-key",
        "Tailscale key",
        &["tskey-auth-", "tskey-api-", "tskey-client-", "tskey-webhook-"],
        after(&[Run(Alphanumeric, 10, 32), Text("-"), Run(Alphanumeric, 20, 48)]),
    ),
    family("openshift-token", "OpenShift token", &["sha256~"], after(&[Run(UrlSafe, 43, 43)])),
    family("age-key", "age identity", &["AGE-SECRET-KEY-1"], After(&[Run(Capital, 58, 58)], Check::Bech32)),
    family("infracost-key", "Infracost key", &["ico-"], after(&[Run(Alphanumeric, 32, 32)])),
    family("prefect-key", "Prefect key", &["pnu_"], after(&[Run(Alphanumeric, 36, 36)])),
    family("private-key", "private key", &["-----BEGIN "], special(Special::PrivateKey)),
    family("private-key", "PuTTY private key", &["PuTTY-User-Key-File-"], special(Special::PuttyKey)),
    family("json-web-token", "JSON web token", &["eyJ"], special(Special::JsonWebToken)),
    // Language models.
    family("openai-key", "OpenAI key", &["T3BlbkFJ"], special(Special::OpenAi)),
    family(
        "anthropic-key",
        "Anthropic key",
        &["sk-ant-api03-", "sk-ant-admin01-", "sk-ant-sid01-"],
        after(&[Run(UrlSafe, 80, 130)]),
    ),
    family(
        "anthropic-key",
        "Anthropic token",
        &["sk-ant-oat01-", "sk-ant-ort01-"],
        after(&[Run(UrlSafe, 80, 130)]),
    ),
    family("hugging-face-token", "Hugging Face token", &["hf_", "api_org_"], after(&[Run(Letter, 34, 34)])),
    family("openrouter-key", "OpenRouter key", &["sk-or-v1-"], after(&[Run(LowerHex, 64, 64)])),
    family("groq-key", "Groq key", &["gsk_"], after(&[Run(Alphanumeric, 52, 52)])),
    family("xai-key", "xAI key", &["xai-"], after(&[Run(Alphanumeric, 70, 84)])),
    family("perplexity-key", "Perplexity key", &["pplx-"], after(&[Run(Alphanumeric, 48, 56)])),
    family("replicate-token", "Replicate token", &["r8_"], after(&[Run(Alphanumeric, 37, 37)])),
    family(
        "langsmith-key",
        "LangSmith key",
        &["lsv2_pt_", "lsv2_sk_"],
        after(&[Run(LowerHex, 32, 32), Text("_"), Run(LowerHex, 10, 10)]),
    ),
    // Messages.
    family(
        "slack-token",
        "Slack token",
        &[
            "xoxb-",
            "xoxp-",
            "xoxa-",
            "xoxr-",
            "xoxs-",
            "xoxo-",
            "xoxc-",
            "xoxd-",
            "xoxe-",
            "xoxe.xoxb-",
            "xoxe.xoxp-",
            "xapp-",
            "xwfp-",
        ],
        special(Special::Slack),
    ),
    family(
        "slack-webhook",
        "Slack webhook",
        &["hooks.slack.com/services/", "hooks.slack.com/workflows/", "hooks.slack.com/triggers/"],
        special(Special::SlackWebhook),
    ),
    family(
        "discord-webhook",
        "Discord webhook",
        &["discord.com/api/webhooks/", "discordapp.com/api/webhooks/"],
        after(&[Run(Digit, 17, 20), Text("/"), Run(UrlSafe, 60, 80)]),
    ),
    family(
        "discord-token",
        "Discord bot token",
        // The number of an account, in base64 of its digits.
        &["MT", "Mj", "Mz", "ND", "NT", "Nj", "Nz", "OD", "OT"],
        after(&[Run(Alphanumeric, 22, 26), Text("."), Run(UrlSafe, 6, 6), Text("."), Run(UrlSafe, 27, 38)]),
    ),
    family(
        "telegram-token",
        "Telegram bot token",
        &[":AA"],
        Around(Digit, 8, 10, &[Run(UrlSafe, 33, 33)], Check::Random),
    ),
    family(
        "teams-webhook",
        "Microsoft Teams webhook",
        &[".webhook.office.com/webhookb2/"],
        after(&[
            Run(Unreserved, 36, 36),
            Text("@"),
            Run(Unreserved, 36, 36),
            Text("/IncomingWebhook/"),
            Run(Hex, 32, 32),
            Text("/"),
            Run(Unreserved, 36, 36),
        ]),
    ),
    family("twilio-key", "Twilio API key", &["SK"], after(&[Run(LowerHex, 32, 32)])),
    family(
        "sendgrid-key",
        "SendGrid key",
        &["SG."],
        after(&[Run(UrlSafe, 22, 22), Text("."), Run(UrlSafe, 43, 43)]),
    ),
    family("mailgun-key", "Mailgun key", &["key-"], after(&[Run(Small, 32, 32)])),
    family(
        "mailchimp-key",
        "Mailchimp key",
        &["-us"],
        Around(LowerHex, 32, 32, &[Run(Digit, 1, 2)], Check::Random),
    ),
    family(
        "brevo-key",
        "Brevo key",
        &["xkeysib-", "xsmtpsib-"],
        after(&[Run(LowerHex, 64, 64), Text("-"), Run(Alphanumeric, 16, 16)]),
    ),
    // Money and shops.
    family(
        "stripe-key",
        "Stripe live key",
        &["sk_live_", "rk_live_", "sk_org_live_"],
        after(&[Run(Alphanumeric, 24, 247)]),
    ),
    family("stripe-webhook-secret", "Stripe webhook secret", &["whsec_"], after(&[Run(Padded, 32, 64)])),
    family(
        "shopify-token",
        "Shopify token",
        &["shpat_", "shpca_", "shppa_", "shpss_"],
        after(&[Run(Hex, 32, 32)]),
    ),
    family("square-token", "Square token", &["sq0atp-"], after(&[Run(UrlSafe, 22, 22)])),
    family("square-token", "Square application secret", &["sq0csp-"], after(&[Run(UrlSafe, 43, 43)])),
    family("square-token", "Square token", &["EAAA"], after(&[Run(UrlSafe, 60, 60)])),
    family("facebook-token", "Facebook token", &["EAAM", "EAAC"], after(&[Run(Alphanumeric, 100, 300)])),
    family("easypost-key", "EasyPost key", &["EZAK"], after(&[Run(Alphanumeric, 54, 54)])),
    family("shippo-token", "Shippo token", &["shippo_live_"], after(&[Run(LowerHex, 40, 40)])),
    family("duffel-token", "Duffel token", &["duffel_live_"], after(&[Run(UrlSafe, 43, 43)])),
    family(
        "plaid-token",
        "Plaid token",
        &["access-production-"],
        after(&[
            Run(LowerHex, 8, 8),
            Text("-"),
            Run(LowerHex, 4, 4),
            Text("-"),
            Run(LowerHex, 4, 4),
            Text("-"),
            Run(LowerHex, 4, 4),
            Text("-"),
            Run(LowerHex, 12, 12),
        ]),
    ),
    family("razorpay-key", "Razorpay key id", &["rzp_live_"], after(&[Run(Alphanumeric, 14, 14)])),
    family(
        "flutterwave-key",
        "Flutterwave secret key",
        &["FLWSECK-"],
        after(&[Run(Alphanumeric, 32, 32), Text("-X")]),
    ),
    // Observation.
    family("new-relic-key", "New Relic key", &["NRAK-"], after(&[Run(Capital, 27, 27)])),
    family("new-relic-key", "New Relic insert key", &["NRII-"], after(&[Run(UrlSafe, 32, 32)])),
    family("new-relic-key", "New Relic license key", &["NRAL"], Around(Hex, 36, 36, &[], Check::Random)),
    family(
        "grafana-token",
        "Grafana token",
        &["glsa_"],
        After(&[Run(Alphanumeric, 32, 32), Text("_"), Run(LowerHex, 8, 8)], Check::Crc32Hex),
    ),
    family("grafana-token", "Grafana Cloud token", &["glc_"], After(&[Run(Padded, 32, 403)], Check::Json)),
    family("sentry-token", "Sentry token", &["sntryu_"], after(&[Run(LowerHex, 64, 64)])),
    family(
        "sentry-token",
        "Sentry organisation token",
        &["sntrys_"],
        After(&[Run(Padded, 40, 800), Text("_"), Run(Base64, 43, 43)], Check::Json),
    ),
    family(
        "dynatrace-token",
        "Dynatrace token",
        &["dt0c01.", "dt0s01.", "dt0s16."],
        after(&[Run(Alphanumeric, 8, 24), Text("."), Run(Alphanumeric, 64, 64)]),
    ),
    // Everyday services.
    family("linear-key", "Linear key", &["lin_api_", "lin_oauth_"], after(&[Run(Alphanumeric, 40, 64)])),
    family(
        "notion-token",
        "Notion token",
        &["ntn_"],
        after(&[Run(Digit, 11, 11), Run(Alphanumeric, 35, 35)]),
    ),
    family("notion-token", "Notion token", &["secret_"], after(&[Run(Alphanumeric, 43, 43)])),
    family(
        "postman-key",
        "Postman key",
        &["PMAK-"],
        after(&[Run(LowerHex, 24, 24), Text("-"), Run(LowerHex, 34, 34)]),
    ),
    family("figma-token", "Figma token", &["figd_"], after(&[Run(UrlSafe, 40, 44)])),
    family(
        "airtable-token",
        "Airtable token",
        &["pat"],
        after(&[Run(Alphanumeric, 14, 14), Text("."), Run(LowerHex, 64, 64)]),
    ),
    family("typeform-token", "Typeform token", &["tfp_"], after(&[Run(UrlSafe, 44, 64)])),
    family("contentful-token", "Contentful token", &["CFPAT-"], after(&[Run(UrlSafe, 43, 43)])),
    family("readme-key", "ReadMe key", &["rdme_"], after(&[Run(Small, 70, 70)])),
    family("adafruit-key", "Adafruit IO key", &["aio_"], after(&[Run(Alphanumeric, 28, 28)])),
    family("maxmind-key", "MaxMind license key", &["_mmk"], Around(Word, 36, 36, &[], Check::Random)),
    family(
        "mapbox-token",
        "Mapbox secret token",
        &["sk.eyJ"],
        after(&[Run(UrlSafe, 20, 300), Text("."), Run(UrlSafe, 20, 60)]),
    ),
];
