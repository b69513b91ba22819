//! The products of the vendor whose APIs are called, one row each with what all requests to a product have in common.

/// A product, with an API and a host of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Product {
    /// PAI's workspaces: datasets and their versions.
    AiWorkSpace,
    /// Intelligent Media Management: media datasets.
    Imm,
    /// The Security Token Service: it names the caller.
    Sts,
}

/// How a product wants its operations to be addressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// By the path of a resource; parameters are ids in the path, the query and a JSON body.
    Roa,
    /// By name alone, in `x-acs-action`; the path is `/`, and all parameters are in the query.
    Rpc,
}

struct Row {
    name: &'static str,
    version: &'static str,
    host: &'static str,
    style: Style,
    limited: bool,
}

impl Product {
    /// Every product.
    pub const ALL: [Self; 3] = [Self::AiWorkSpace, Self::Imm, Self::Sts];

    const fn row(self) -> &'static Row {
        match self {
            Self::AiWorkSpace => &Row {
                name: "AIWorkSpace",
                version: "2021-02-04",
                host: "aiworkspace",
                style: Style::Roa,
                limited: true,
            },
            Self::Imm => &Row { name: "Imm", version: "2020-09-30", host: "imm", style: Style::Rpc, limited: true },
            Self::Sts => &Row { name: "Sts", version: "2015-04-01", host: "sts", style: Style::Rpc, limited: false },
        }
    }

    /// The vendor's name of the product.
    pub const fn as_str(self) -> &'static str {
        self.row().name
    }

    /// The version of its API, as `x-acs-version` says it.
    pub(super) const fn version(self) -> &'static str {
        self.row().version
    }

    /// Its public endpoint in a region.
    pub(super) fn endpoint(self, region: &str) -> String {
        format!("https://{}.{region}.aliyuncs.com", self.row().host)
    }

    /// Whether its throttling is about the quota that the account's rate stands for.
    pub(super) const fn has_the_quota(self) -> bool {
        matches!(self, Self::AiWorkSpace)
    }

    /// What a person is told if a call is made although its endpoint is not known. (That of `AIWorkSpace` always is.)
    pub(super) fn has_no_endpoint(self) -> String {
        let host = self.row().host;
        let variable = host.to_uppercase();
        format!("the endpoint of this API is not known: set --{host}-endpoint (DATASET_OPERATOR_{variable}_ENDPOINT)")
    }

    pub(super) const fn style(self) -> Style {
        self.row().style
    }

    /// Whether its calls pass the limiter of the account. Those to the token service do not: its quota is far above
    /// what the operator needs, so they never take a permit that a dataset waits for. Those to IMM, which allows 100
    /// per second in each project, share the account's rate with `AIWorkSpace`: one number bounds all that is sent.
    pub(super) const fn is_limited(self) -> bool {
        self.row().limited
    }
}
