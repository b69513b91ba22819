//! The operations that the operator calls, by the services' own names: one table, one row each.
//!
//! A new operation is a row here and a constructor in [`super::Request`]. Its row has all that the client must know:
//! nothing else in this folder matches on single operations. The row has no lane, because the lane of a call depends on
//! why it is made, which each reconcile decides.

mod row;

use std::str::FromStr;

use super::product::Product;
pub use row::Price;
use row::{Effect, Row};
pub(super) use row::{Method, NameOrMissing, Shows};

/// The name of a row: the one after `as`, else that of the variant.
macro_rules! name {
    ($name:ident $label:literal) => {
        $label
    };
    ($name:ident) => {
        stringify!($name)
    };
}

/// Generates the enumeration and the table from one list.
macro_rules! operations {
    ($( $product:ident { $(
        $name:ident $(as $label:literal)?: $method:ident $path:literal, $effect:ident
            $(, shows $shows:ident $(($id:literal))?)? $(, clash $clash:ident)? $(, price $price:expr)? $(, qps $qps:literal)?;
    )+ } )+) => {
        /// One operation of a product.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[allow(missing_docs)] // each variant is an operation of the service, which the table names
        pub enum Operation { $( $( $name, )+ )+ }

        impl Operation {
            /// Every operation, product by product, in the order of the service's index.
            pub const ALL: [Self; [$( $( Self::$name, )+ )+].len()] = [$( $( Self::$name, )+ )+];

            const fn row(self) -> &'static Row {
                match self { $( $( Self::$name => const {
                    &Row {
                        $( shows: Shows::$shows $(($id))?, )? $( clash: NameOrMissing::$clash, )?
                        $( price: Some($price), )? $( qps: Some($qps), )?
                        ..Row::new(
                            Product::$product, name!($name $($label)?), Method::$method, $path, Effect::$effect
                        )
                    }
                }, )+ )+ }
            }
        }
    };
}

// `as`: the name, if it is not that of the variant. The path has the names of ids in braces; a product whose operations
// are addressed by name has the ids in the query. After the path: whether the operation reads or writes. `shows`: what
// the answer to a success must hold (absent: nothing). `clash`: the meaning of the code with two meanings (absent: the
// status decides). `price`: absent where none is published. `qps`: the calls per second in the vendor's quota pages of
// the product, for one account in one region; accounts differ. Version labels are created by PUT, dataset labels by
// POST.
operations! {
    AiWorkSpace {
        CreateDataset: Post "/api/v1/datasets", Writes, shows Id("DatasetId"), clash Name, price Price::billed(0.001, 0.0), qps 20.0;
        ListDatasets: Get "/api/v1/datasets", Reads, shows Datasets, clash Neither, price Price::billed(0.001, 0.001);
        GetDataset: Get "/api/v1/datasets/{DatasetId}", Reads, shows Dataset, clash Gone, price Price::if_ok(0.0001), qps 50.0;
        UpdateDataset: Put "/api/v1/datasets/{DatasetId}", Writes, clash NewName, qps 20.0;
        DeleteDataset: Delete "/api/v1/datasets/{DatasetId}", Writes, price Price::billed(0.001, 0.0);
        PublishDataset: Put "/api/v1/datasets/{DatasetId}/publish", Writes;
        CreateDatasetLabels: Post "/api/v1/datasets/{DatasetId}/labels", Writes, qps 20.0;
        DeleteDatasetLabels: Delete "/api/v1/datasets/{DatasetId}/labels", Writes, qps 20.0;
        CreateDatasetVersion: Post "/api/v1/datasets/{DatasetId}/versions", Writes, shows Id("VersionName");
        ListDatasetVersions: Get "/api/v1/datasets/{DatasetId}/versions", Reads, shows Versions;
        GetDatasetVersion: Get "/api/v1/datasets/{DatasetId}/versions/{VersionName}", Reads, shows Version, clash Gone, qps 50.0;
        UpdateDatasetVersion: Put "/api/v1/datasets/{DatasetId}/versions/{VersionName}", Writes;
        DeleteDatasetVersion: Delete "/api/v1/datasets/{DatasetId}/versions/{VersionName}", Writes;
        CreateDatasetVersionLabels: Put "/api/v1/datasets/{DatasetId}/versions/{VersionName}/labels", Writes;
        DeleteDatasetVersionLabels: Delete "/api/v1/datasets/{DatasetId}/versions/{VersionName}/labels", Writes;
        CreateDatasetJob: Post "/api/v1/datasets/{DatasetId}/datasetjobs", Writes, shows Id("DatasetJobId"), qps 15.0;
        GetDatasetJob: Get "/api/v1/datasets/{DatasetId}/datasetjobs/{DatasetJobId}", Reads, shows Job, clash Gone, qps 30.0;
        ListDatasetJobs: Get "/api/v1/datasets/{DatasetId}/datasetjobs", Reads, shows Jobs;
        UpdateDatasetJob: Put "/api/v1/datasets/{DatasetId}/datasetjobs/{DatasetJobId}", Writes;
        DeleteDatasetJob: Delete "/api/v1/datasets/{DatasetId}/datasetjobs/{DatasetJobId}", Writes, qps 15.0;
        StopDatasetJob: Put "/api/v1/datasets/{DatasetId}/datasetjobs/{DatasetJobId}/action/stop", Writes;
        CreateDatasetJobConfig: Post "/api/v1/datasets/{DatasetId}/datasetjobconfigs", Writes, shows Id("DatasetJobConfigId"), qps 50.0;
        GetDatasetJobConfig: Get "/api/v1/datasets/{DatasetId}/datasetjobconfigs/{DatasetJobConfigId}", Reads, shows JobConfig, clash Gone, qps 50.0;
        ListDatasetJobConfigs: Get "/api/v1/datasets/{DatasetId}/datasetjobconfigs/", Reads, shows JobConfigs;
        UpdateDatasetJobConfig: Put "/api/v1/datasets/{DatasetId}/datasetjobconfigs/{DatasetJobConfigId}", Writes;
        DeleteDatasetJobConfig: Delete "/api/v1/datasets/{DatasetId}/datasetjobconfigs/{DatasetJobConfigId}", Writes;
        CreateDatasetFileMetas: Post "/api/v1/datasets/{DatasetId}/datasetfilemetas", Writes, shows Batch;
        UpdateDatasetFileMetas: Put "/api/v1/datasets/{DatasetId}/datasetfilemetas", Writes, shows Batch;
        DeleteDatasetFileMetas: Delete "/api/v1/datasets/{DatasetId}/datasetfilemetas", Writes, shows Batch;
        ListDatasetFileMetas: Get "/api/v1/datasets/{DatasetId}/datasetfilemetas", Reads, shows FileMetas;
        GetDatasetFileMetasStatistics: Get "/api/v1/statistics/datasets/{DatasetId}/datasetfilemetas", Reads, shows Statistics;
    }
    Imm {
        CreateMediaDataset as "imm:CreateDataset": Post "/{ProjectName}/{DatasetName}", Writes, shows Key;
        GetMediaDataset as "imm:GetDataset": Post "/{ProjectName}/{DatasetName}", Reads, shows MediaDataset;
        ListMediaDatasets as "imm:ListDatasets": Post "/{ProjectName}", Reads, shows MediaDatasets;
        UpdateMediaDataset as "imm:UpdateDataset": Post "/{ProjectName}/{DatasetName}", Writes;
        DeleteMediaDataset as "imm:DeleteDataset": Post "/{ProjectName}/{DatasetName}", Writes;
    }
    Sts {
        GetCallerIdentity: Post "/", Reads, shows Identity;
        AssumeRole: Post "/", Reads, shows Session;
    }
}

impl Operation {
    /// The operations of one product.
    pub fn of(product: Product) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |operation| operation.product() == product)
    }

    /// The name of the operation wherever people read or write one: messages, metrics, flags. It is the service's, with
    /// `imm:` before those of IMM, as some of them are called like operations of `AIWorkSpace`. Who reads the vendor's
    /// pages knows this form: it is the RAM action.
    pub const fn as_str(self) -> &'static str {
        self.row().name
    }

    /// The service's name of the operation, which goes into `x-acs-action` and is signed.
    pub(super) fn action(self) -> &'static str {
        self.as_str().rsplit_once(':').map_or(self.as_str(), |(_, action)| action)
    }

    /// The product whose operation it is.
    pub const fn product(self) -> Product {
        self.row().product
    }

    /// Whether the operation changes nothing, so that repeating it is always safe.
    pub const fn reads(self) -> bool {
        matches!(self.row().effect, Effect::Reads)
    }

    pub(super) const fn method(self) -> Method {
        self.row().method
    }

    /// The path with the names of its ids in braces. Products whose operations are addressed by name do not send it.
    pub(super) const fn path(self) -> &'static str {
        self.row().path
    }

    /// The names of the ids, outermost first.
    pub(super) fn id_names(self) -> impl Iterator<Item = &'static str> {
        self.path().split('/').filter_map(id_name)
    }

    /// Calls per second that the vendor publishes for one account in one region, if it does.
    pub const fn documented_qps(self) -> Option<f64> {
        self.row().qps
    }

    /// Whether the operation makes something that others can name later.
    pub(super) const fn creates(self) -> bool {
        matches!(self.shows(), Shows::Id(_) | Shows::Key)
    }

    /// What the answer to a success must hold.
    pub(super) const fn shows(self) -> Shows {
        self.row().shows
    }

    /// The meaning of the code with two meanings when it refuses this operation.
    pub(super) const fn clash(self) -> NameOrMissing {
        self.row().clash
    }
}

impl Price {
    /// The price of a call, `None` if none is published.
    pub const fn of(operation: Operation) -> Option<Self> {
        operation.row().price
    }
}

/// The name in braces, if a segment of a path is one.
pub(super) fn id_name(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

/// A name that no operation here has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an operation that is called here, such as CreateDataset or GetDatasetVersion")]
pub struct UnknownOperation(String);

/// Reads the operation of a stated limit, so only operations that go through the account's limiter are accepted.
impl FromStr for Operation {
    type Err = UnknownOperation;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let named = |operation: &Self| operation.product().is_limited() && operation.as_str() == name;
        Self::ALL.into_iter().find(named).ok_or_else(|| UnknownOperation(name.to_owned()))
    }
}

impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_all_of_its_operation() {
        let labels = Operation::CreateDatasetVersionLabels;
        assert_eq!(labels.as_str().parse(), Ok(labels));
        assert_eq!((labels.product(), labels.method(), labels.reads()), (Product::AiWorkSpace, Method::Put, false));
        assert_eq!(labels.id_names().collect::<Vec<_>>(), ["DatasetId", "VersionName"]);
        assert_eq!((labels.shows(), labels.clash()), (Shows::Nothing, NameOrMissing::ByStatus));
        assert_eq!(Price::of(labels), None);
        assert_eq!(Price::of(Operation::GetDataset), Some(Price { input: 0.0001, output: 0.0, failures: false }));
        assert_eq!(Price::of(Operation::ListDatasets), Some(Price { input: 0.001, output: 0.001, failures: true }));
    }

    #[test]
    fn operations_that_two_products_call_the_same_are_told_apart_by_people_and_not_on_the_wire() {
        let [ours, theirs] = [Operation::CreateDataset, Operation::CreateMediaDataset];
        assert_eq!([ours.as_str(), theirs.as_str()], ["CreateDataset", "imm:CreateDataset"]);
        assert_eq!([ours.action(), theirs.action()], ["CreateDataset"; 2]);
        assert_eq!(theirs.product(), Product::Imm);
        let names: std::collections::BTreeSet<_> = Operation::ALL.into_iter().map(Operation::as_str).collect();
        assert_eq!(names.len(), Operation::ALL.len());
        for operation in Operation::ALL.into_iter().filter(|operation| operation.product().is_limited()) {
            assert_eq!(operation.as_str().parse(), Ok(operation));
            assert_eq!(
                operation.creates(),
                operation.action().starts_with("Create")
                    && !["Labels", "Metas"].iter().any(|many| operation.action().ends_with(many))
            );
        }
    }

    #[test]
    fn an_operation_of_the_token_service_has_no_limit_to_set() {
        let all: Vec<_> = Operation::of(Product::Sts).collect();
        assert_eq!(all, [Operation::GetCallerIdentity, Operation::AssumeRole]);
        assert!(all.into_iter().all(|operation| operation.as_str().parse::<Operation>().is_err()));
    }
}
