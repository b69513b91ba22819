//! Why a call is not carried out, and how the service words it: HTTP status, `Code`, `Message`.

use crate::auth::Denial;
use crate::knobs::{InvalidCode, Knobs};
use crate::operation::{Operation, Product};
use crate::quota::Spent;

/// The reasons to refuse a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No operation has this method and path, or another version or action was asked for.
    ApiNotFound,
    /// A required parameter is absent or empty.
    Missing(&'static str),
    /// A parameter is there and wrong.
    Invalid(&'static str, String),
    /// The body is not a JSON object.
    Body(String),
    NameTaken(String),
    DatasetNotFound(String),
    VersionNotFound(String, String),
    WorkspaceNotFound(String),
    /// A job, a job configuration or file metadata that is not there.
    ItemNotFound(String),
    /// The state of a job does not allow this.
    JobState(String),
    JobConfigExists(String),
    /// A project, media dataset or binding that is not there.
    MediaNotFound(String),
    MediaExists(String),
    MediaLimit(String),
    /// A media dataset that has bindings or files.
    MediaInUse(String),
    /// An argument of IMM that is there and wrong.
    MediaArgument(&'static str, String),
    /// v1 lives and dies with its dataset.
    FirstVersion,
    VersionsExist(String),
    NoPermission(Operation),
    /// A quota has no room for it.
    Throttled(Spent),
    /// The caller did not prove to this product who it is.
    Identity(Denial, Product),
    /// The token service gives no session of a role: code and message.
    Role(&'static str, &'static str),
    /// A fault on order.
    Injected {
        status: u16,
        code: String,
        retry_after_ms: u64,
    },
}

/// A refusal in the service's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Worded {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
    /// Milliseconds for `x-acs-retry-after`; 0 = no header.
    pub(crate) retry_after_ms: u64,
    /// Seconds for `Retry-After`; 0 = no header.
    pub(crate) retry_after_s: u64,
}

impl Refusal {
    /// A parameter that is there and wrong.
    pub(crate) fn invalid(parameter: &'static str, why: impl Into<String>) -> Self {
        Self::Invalid(parameter, why.into())
    }

    /// Status, code and message under these knobs.
    pub(crate) fn worded(&self, knobs: &Knobs) -> Worded {
        let worded = |status: u16, code: &str, message: String| Worded {
            status,
            code: code.to_owned(),
            message,
            retry_after_ms: 0,
            retry_after_s: 0,
        };
        match self {
            Self::ApiNotFound => {
                worded(404, "InvalidApi.NotFound", "No such API: check path, method, version and action.".into())
            }
            Self::Missing(parameter) => {
                worded(400, &format!("Missing{parameter}"), format!("{parameter} is required for this action."))
            }
            Self::Invalid(parameter, why) => {
                let code = match knobs.invalid_code {
                    InvalidCode::Specific => format!("Invalid{parameter}"),
                    InvalidCode::Generic => "InvalidParameter".to_owned(),
                };
                worded(400, &code, format!("{parameter} is not valid: {why}."))
            }
            Self::Body(why) => worded(400, "InvalidParameter", format!("The body is not valid: {why}.")),
            Self::NameTaken(name) => {
                worded(400, &knobs.name_taken_code, format!("Dataset name already existed: {name}."))
            }
            Self::DatasetNotFound(id) => {
                worded(knobs.not_found_status, &knobs.not_found_code, format!("Dataset {id} does not exist."))
            }
            Self::VersionNotFound(id, version) => worded(
                knobs.not_found_status,
                &knobs.not_found_code,
                format!("Version {version} of dataset {id} does not exist."),
            ),
            Self::WorkspaceNotFound(id) => worded(
                knobs.workspace_not_found_status,
                &knobs.workspace_not_found_code,
                format!("Workspace {id} does not exist."),
            ),
            Self::ItemNotFound(what) => {
                worded(knobs.not_found_status, &knobs.item_not_found_code, format!("{what} does not exist."))
            }
            Self::JobState(why) => worded(400, &knobs.job_state_code, format!("{why}.")),
            Self::JobConfigExists(kind) => {
                worded(400, &knobs.job_config_exists_code, format!("A configuration {kind} already existed."))
            }
            Self::MediaNotFound(what) => {
                worded(knobs.imm_not_found_status, "ResourceNotFound", format!("{what} does not exist."))
            }
            Self::MediaExists(what) => worded(400, "ResourceAlreadyExists", format!("{what} exists.")),
            Self::MediaLimit(why) => worded(400, "LimitExceededError", format!("{why}.")),
            Self::MediaInUse(why) => worded(400, &knobs.imm_in_use_code, format!("{why}.")),
            Self::MediaArgument(name, why) => worded(400, "InvalidArgument", format!("{name} is not valid: {why}.")),
            Self::FirstVersion => worded(
                400,
                &knobs.delete_v1_code,
                "Version v1 goes with its dataset and cannot be deleted alone.".into(),
            ),
            Self::VersionsExist(id) => {
                worded(400, &knobs.versions_exist_code, format!("Dataset {id} still has versions above v1."))
            }
            Self::NoPermission(operation) => {
                worded(403, "NoPermission", format!("The caller may not do {} here.", operation.ram_action()))
            }
            Self::Throttled(spent) => {
                let code = match spent {
                    Spent::Account => &knobs.throttle_code,
                    Spent::Operation => &knobs.operation_throttle_code,
                };
                Worded {
                    retry_after_ms: knobs.throttle_retry_after_ms,
                    retry_after_s: knobs.throttle_retry_after_s,
                    ..worded(knobs.throttle_status, code, "Request was denied by flow control.".into())
                }
            }
            Self::Injected { status, code, retry_after_ms } => Worded {
                retry_after_ms: *retry_after_ms,
                ..worded(*status, code, "This error was ordered from the emulator.".into())
            },
            Self::Role(code, message) => {
                let status = match *code {
                    "NoPermission" => 403,
                    "EntityNotExist.Role" => 404,
                    code if code.starts_with("AuthenticationFail.") => 401,
                    _ => 400,
                };
                worded(status, code, (*message).to_owned())
            }
            Self::Identity(denial, product) => {
                let (status, code, message) = denial.worded(knobs, *product);
                worded(status, code, message)
            }
        }
    }
}
