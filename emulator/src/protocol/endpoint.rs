//! The paths of the v3 surface.

use std::borrow::Cow;

/// The rest of the documented v3 surface: authenticated, then always accepted.
const OTHER_PATHS: [&str; 18] = [
    "/v3/push/app",
    "/v3/push/package/upload",
    "/v3/push/plan/add_plan_push",
    "/v3/push/stop_push_msg",
    "/v3/push/revoke_push_msg",
    "/v3/push/cancel_timing_task",
    "/v3/device/tag",
    "/v3/device/tag/delete_all_device",
    "/v3/device/set_custom_attribute",
    "/v3/statistics/get_push_channel_stat_overview",
    "/v3/statistics/get_push_stat_overview",
    "/v3/statistics/get_device_stat_overview",
    "/v3/statistics/get_push_record",
    "/v3/statistics/get_push_task_stat_channel",
    "/v3/statistics/get_push_group_stat_channel",
    "/v3/statistics/get_push_group_stat",
    "/v3/statistics/get_device_distribute_info",
    "/v3/toolbox/getPushListByToken",
];

/// Where a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Batch,
    Query,
    Other(&'static str),
    Unknown,
}

impl Endpoint {
    pub(crate) fn of(path: &str) -> Self {
        match path {
            "/v3/device/account/batchoperate" => Self::Batch,
            "/v3/device/account/query" => Self::Query,
            _ => OTHER_PATHS
                .iter()
                .find(|other| **other == path)
                .map_or(Self::Unknown, |other| Self::Other(other)),
        }
    }

    pub(crate) fn path(self, given: &str) -> Cow<'static, str> {
        match self {
            Self::Batch => Cow::Borrowed("/v3/device/account/batchoperate"),
            Self::Query => Cow::Borrowed("/v3/device/account/query"),
            Self::Other(path) => Cow::Borrowed(path),
            Self::Unknown => Cow::Owned(given.to_owned()),
        }
    }
}
