//! The operations that are served: one table, one row each, product by product.
//!
//! A new operation is a row here, a function of [`crate::actions`], and its line in [`crate::actions::perform`].

/// A product of the vendor, with an API of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Product {
    /// Datasets. Operations have paths.
    AiWorkSpace,
    /// Who calls, and sessions of roles. Operations have a name alone, all on the path `/`.
    Sts,
    /// Media datasets and their bindings. Operations have a name alone, all on the path `/`, which they share with the
    /// token service: the version tells them apart.
    Imm,
}

impl Product {
    /// The version of its API.
    pub(crate) fn version(self) -> &'static str {
        match self {
            Self::AiWorkSpace => "2021-02-04",
            Self::Sts => "2015-04-01",
            Self::Imm => "2020-09-30",
        }
    }
}

/// What one call of an operation costs, in ten-thousandths of a unit.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Price {
    pub(crate) input: u32,
    pub(crate) output: u32,
    /// Whether only calls that succeeded are billed, however the rest of the list is read.
    pub(crate) success_only: bool,
}

/// The price list; operations without a published price cost nothing.
const fn costs(input: u32, output: u32, success_only: bool) -> Price {
    Price { input, output, success_only }
}
const FREE: Price = costs(0, 0, false);

/// All that routing, gates and bill know of an operation.
struct Row {
    product: Product,
    name: &'static str,
    /// The HTTP methods that it takes in either form.
    methods: &'static [&'static str],
    /// The path with the names of ids in braces.
    path: &'static str,
    price: Price,
}

/// The name of a row: a label of its own, else the operation's.
macro_rules! label {
    ($name:ident $label:literal) => {
        $label
    };
    ($name:ident) => {
        stringify!($name)
    };
}

macro_rules! operations {
    ($( $product:ident { $( $name:ident $(as $label:literal)?: $($method:literal)|+ $path:literal, $price:expr; )+ } )+) => {
        /// The operations that are served.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Operation { $( $( #[allow(missing_docs, reason = "the vendor's name says it")] $name, )+ )+ }

        impl Operation {
            /// All of them.
            pub const ALL: &[Self] = &[ $( $( Self::$name, )+ )+ ];

            fn row(self) -> &'static Row {
                match self { $( $( Self::$name => const { &Row {
                    product: Product::$product,
                    name: label!($name $($label)?),
                    methods: &[$($method),+],
                    path: $path,
                    price: $price,
                } }, )+ )+ }
            }
        }
    };
}

operations! {
    AiWorkSpace {
        CreateDataset: "POST" "/api/v1/datasets", costs(10, 0, false);
        ListDatasets: "GET" "/api/v1/datasets", costs(10, 10, false);
        GetDataset: "GET" "/api/v1/datasets/{DatasetId}", costs(1, 0, true);
        UpdateDataset: "PUT" "/api/v1/datasets/{DatasetId}", FREE;
        DeleteDataset: "DELETE" "/api/v1/datasets/{DatasetId}", costs(10, 0, false);
        PublishDataset: "PUT" "/api/v1/datasets/{DatasetId}/publish", FREE;
        CreateDatasetLabels: "POST" "/api/v1/datasets/{DatasetId}/labels", FREE;
        DeleteDatasetLabels: "DELETE" "/api/v1/datasets/{DatasetId}/labels", FREE;
        CreateDatasetVersion: "POST" "/api/v1/datasets/{DatasetId}/versions", FREE;
        ListDatasetVersions: "GET" "/api/v1/datasets/{DatasetId}/versions", FREE;
        GetDatasetVersion: "GET" "/api/v1/datasets/{DatasetId}/versions/{VersionName}", FREE;
        UpdateDatasetVersion: "PUT" "/api/v1/datasets/{DatasetId}/versions/{VersionName}", FREE;
        DeleteDatasetVersion: "DELETE" "/api/v1/datasets/{DatasetId}/versions/{VersionName}", FREE;
        CreateDatasetVersionLabels: "PUT" "/api/v1/datasets/{DatasetId}/versions/{VersionName}/labels", FREE;
        DeleteDatasetVersionLabels: "DELETE" "/api/v1/datasets/{DatasetId}/versions/{VersionName}/labels", FREE;
        CreateDatasetFileMetas: "POST" "/api/v1/datasets/{DatasetId}/datasetfilemetas", FREE;
        UpdateDatasetFileMetas: "PUT" "/api/v1/datasets/{DatasetId}/datasetfilemetas", FREE;
        DeleteDatasetFileMetas: "DELETE" "/api/v1/datasets/{DatasetId}/datasetfilemetas", FREE;
        GetDatasetFileMeta: "GET" "/api/v1/datasets/{DatasetId}/datasetfilemetas/{DatasetFileMetaId}", FREE;
        ListDatasetFileMetas: "GET" "/api/v1/datasets/{DatasetId}/datasetfilemetas", FREE;
        GetDatasetFileMetasStatistics: "GET" "/api/v1/statistics/datasets/{DatasetId}/datasetfilemetas", FREE;
        CreateDatasetJob: "POST" "/api/v1/datasets/{DatasetId}/datasetjobs", FREE;
        GetDatasetJob: "GET" "/api/v1/datasets/{DatasetId}/datasetjobs/{DatasetJobId}", FREE;
        ListDatasetJobs: "GET" "/api/v1/datasets/{DatasetId}/datasetjobs", FREE;
        UpdateDatasetJob: "PUT" "/api/v1/datasets/{DatasetId}/datasetjobs/{DatasetJobId}", FREE;
        DeleteDatasetJob: "DELETE" "/api/v1/datasets/{DatasetId}/datasetjobs/{DatasetJobId}", FREE;
        StopDatasetJob: "PUT" "/api/v1/datasets/{DatasetId}/datasetjobs/{DatasetJobId}/action/stop", FREE;
        CreateDatasetJobConfig: "POST" "/api/v1/datasets/{DatasetId}/datasetjobconfigs", FREE;
        GetDatasetJobConfig: "GET" "/api/v1/datasets/{DatasetId}/datasetjobconfigs/{DatasetJobConfigId}", FREE;
        ListDatasetJobConfigs: "GET" "/api/v1/datasets/{DatasetId}/datasetjobconfigs/", FREE;
        UpdateDatasetJobConfig: "PUT" "/api/v1/datasets/{DatasetId}/datasetjobconfigs/{DatasetJobConfigId}", FREE;
        DeleteDatasetJobConfig: "DELETE" "/api/v1/datasets/{DatasetId}/datasetjobconfigs/{DatasetJobConfigId}", FREE;
    }
    Sts {
        GetCallerIdentity: "POST" | "GET" "/", FREE;
        AssumeRole: "POST" | "GET" "/", FREE;
        AssumeRoleWithOIDC: "POST" | "GET" "/", FREE;
    }
    Imm {
        ImmCreateDataset as "imm:CreateDataset": "POST" | "GET" "/", FREE;
        ImmGetDataset as "imm:GetDataset": "POST" | "GET" "/", FREE;
        ImmListDatasets as "imm:ListDatasets": "POST" | "GET" "/", FREE;
        ImmUpdateDataset as "imm:UpdateDataset": "POST" | "GET" "/", FREE;
        ImmDeleteDataset as "imm:DeleteDataset": "POST" "/", FREE;
        ImmCreateBinding as "imm:CreateBinding": "POST" | "GET" "/", FREE;
        ImmGetBinding as "imm:GetBinding": "POST" | "GET" "/", FREE;
        ImmListBindings as "imm:ListBindings": "POST" | "GET" "/", FREE;
        ImmDeleteBinding as "imm:DeleteBinding": "POST" | "GET" "/", FREE;
    }
}

impl Operation {
    /// The name of the operation in log, counts, faults, quotas and denials: the vendor's, with `imm:` before those of
    /// IMM, of which some are named alike.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The vendor's name of the operation, as in `x-acs-action`.
    pub fn action(self) -> &'static str {
        self.name().trim_start_matches("imm:")
    }

    /// The operation of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|operation| operation.name() == name)
    }

    /// Whether its answers come in pages.
    pub fn is_list(self) -> bool {
        self.action().starts_with("List")
    }

    /// The operations of a product.
    pub(crate) fn of(product: Product) -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(move |operation| operation.product() == product)
    }

    pub(crate) fn product(self) -> Product {
        self.row().product
    }

    pub(crate) fn takes(self, method: &str) -> bool {
        self.row().methods.contains(&method)
    }

    pub(crate) fn path(self) -> &'static str {
        self.row().path
    }

    pub(crate) fn price(self) -> Price {
        self.row().price
    }

    /// The ids that it needs, outermost first, under the names they have in a query.
    pub(crate) fn ids(self) -> impl Iterator<Item = &'static str> {
        self.path().split('/').filter_map(id_name)
    }

    /// Whether RAM must grant it: every caller may ask for its own identity.
    pub(crate) fn is_governed(self) -> bool {
        self != Self::GetCallerIdentity
    }

    /// Whether it is called without a signature: what it is given proves who calls.
    pub(crate) fn is_unsigned(self) -> bool {
        self == Self::AssumeRoleWithOIDC
    }

    /// Under which name its answers carry the `RequestId`, if they do.
    pub(crate) fn request_id_member(self) -> Option<&'static str> {
        if self == Self::GetDatasetFileMetasStatistics {
            Some("requestId")
        } else {
            (self != Self::ListDatasetFileMetas).then_some("RequestId")
        }
    }

    /// What RAM calls it.
    pub(crate) fn ram_action(self) -> String {
        match self.product() {
            Product::AiWorkSpace => format!("paidataset:{}", self.name()),
            Product::Sts => format!("sts:{}", self.name()),
            Product::Imm => self.name().to_owned(),
        }
    }
}

/// The name in braces, if a segment of a path is one.
pub(crate) fn id_name(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}
