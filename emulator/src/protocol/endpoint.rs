//! The paths of the v3 surface.

use std::borrow::Cow;

/// Where a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Batch,
    Query,
    Push,
    Upload,
    Plan,
    Control(Control),
    Tag,
    DeleteTags,
    Attributes,
    Statistics(Statistics),
    Unknown,
}

/// What happens to a task that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    Stop,
    Revoke,
    Cancel,
}

/// The queries about pushes and devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Statistics {
    Pushes,
    Devices,
    Records,
    Task,
    Group,
    Distribution,
    OfToken,
}

/// Every path. The overview page spells two of them otherwise than their own pages do.
const PATHS: [(&str, Endpoint); 20] = [
    ("/v3/device/account/batchoperate", Endpoint::Batch),
    ("/v3/device/account/query", Endpoint::Query),
    ("/v3/push/app", Endpoint::Push),
    ("/v3/push/package/upload", Endpoint::Upload),
    ("/v3/push/plan/add_plan_push", Endpoint::Plan),
    ("/v3/push/stop_push_msg", Endpoint::Control(Control::Stop)),
    (
        "/v3/push/revoke_push_msg",
        Endpoint::Control(Control::Revoke),
    ),
    (
        "/v3/push/cancel_timing_task",
        Endpoint::Control(Control::Cancel),
    ),
    ("/v3/device/tag", Endpoint::Tag),
    ("/v3/device/tag/delete_all_device", Endpoint::DeleteTags),
    ("/v3/device/set_custom_attribute", Endpoint::Attributes),
    (
        "/v3/statistics/get_push_channel_stat_overview",
        Endpoint::Statistics(Statistics::Pushes),
    ),
    (
        "/v3/statistics/get_push_stat_overview",
        Endpoint::Statistics(Statistics::Pushes),
    ),
    (
        "/v3/statistics/get_device_stat_overview",
        Endpoint::Statistics(Statistics::Devices),
    ),
    (
        "/v3/statistics/get_push_record",
        Endpoint::Statistics(Statistics::Records),
    ),
    (
        "/v3/statistics/get_push_task_stat_channel",
        Endpoint::Statistics(Statistics::Task),
    ),
    (
        "/v3/statistics/get_push_group_stat_channel",
        Endpoint::Statistics(Statistics::Group),
    ),
    (
        "/v3/statistics/get_push_group_stat",
        Endpoint::Statistics(Statistics::Group),
    ),
    (
        "/v3/statistics/get_device_distribute_info",
        Endpoint::Statistics(Statistics::Distribution),
    ),
    (
        "/v3/toolbox/getPushListByToken",
        Endpoint::Statistics(Statistics::OfToken),
    ),
];

impl Endpoint {
    pub(crate) fn of(path: &str) -> Self {
        let found = PATHS.iter().find(|(known, _)| *known == path);
        found.map_or(Self::Unknown, |(_, endpoint)| *endpoint)
    }

    /// The path for the log, without a copy where it is a known one.
    pub(crate) fn path(given: &str) -> Cow<'static, str> {
        let found = PATHS.iter().find(|(known, _)| *known == given);
        found.map_or_else(
            || Cow::Owned(given.to_owned()),
            |(known, _)| Cow::Borrowed(*known),
        )
    }

    /// Whether TPNS spells code and message `retCode` and `errMsg` here.
    pub(crate) fn is_camel(self) -> bool {
        !matches!(
            self,
            Self::Batch
                | Self::Push
                | Self::Control(_)
                | Self::Tag
                | Self::DeleteTags
                | Self::Unknown
        )
    }
}
