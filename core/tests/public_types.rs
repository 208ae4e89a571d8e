//! What the Rust API guidelines ask of every public type, asserted by the compiler.

use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::str::FromStr;

use serde::Serialize;
use serde::de::DeserializeOwned;
use xgpush::apply::{
    Apply, ApplyEnd, ApplyInput, ApplyOptions, CheckLevel, Failure, Format, Notice, Progress,
    Reading, Suspicion,
};
use xgpush::bulk::{AbortReason, Bulk, BulkOptions, BulkRows};
use xgpush::codes::{Code, Fault, Retry};
use xgpush::options::ConfigOption;
use xgpush::outbox::{LogLevel, OutboxStats, PendingAccount, PendingOperation, Report};
use xgpush::sync::{Change, DesiredAccounts, SyncOptions, SyncState, Synced};
use xgpush::transport::{Attempt, CallbackTransport, Transfer, Transport};
use xgpush::{
    AccessPoint, Account, AccountType, Accounts, Action, ApiCall, Binding, CallOptions, Client,
    Config, Durability, EngineDurability, Error, ErrorKind, Exchange, Found, FoundAccount,
    HttpRequest, HttpResponse, ItemOutcome, Lookup, Operation, Operator, Outbox, OutboxRole,
    Outcome, Platform, ProtocolVersion, Reason, Reply, Request, Row, Scheme, SendError,
    SendErrorKind, State, Token, Warning, WarningKind,
};

/// Of every public type (C-DEBUG, C-SEND-SYNC).
fn any<T: Debug + Send + Sync>() {}

/// Plain data besides (C-COMMON-TRAITS).
fn data<T: Debug + Send + Sync + Clone + Eq + Hash>() {}

/// An enum with stable names besides (C-CONV-TRAITS, C-SERDE).
fn named<T>()
where
    T: Copy + Ord + Display + FromStr<Err = Error> + Serialize + DeserializeOwned,
    T: Debug + Send + Sync + Eq + Hash,
{
}

#[test]
fn public_types_have_the_traits_that_callers_expect() {
    any::<Apply>();
    any::<ApplyInput>();
    any::<ApplyOptions>();
    any::<Attempt>();
    any::<Bulk>();
    any::<BulkOptions>();
    any::<BulkRows<std::vec::IntoIter<Row>>>();
    any::<CallOptions>();
    any::<CallbackTransport<fn(HttpRequest, Transfer)>>();
    any::<Client>();
    any::<Config>();
    any::<ConfigOption>();
    any::<Error>();
    any::<Exchange>();
    any::<Outbox>();
    any::<Reading>();
    any::<SendError>();
    any::<SyncOptions>();
    any::<Transfer>();

    data::<Account>();
    data::<AccountType>();
    data::<Accounts<'_>>();
    data::<Action>();
    data::<ApiCall<'_>>();
    data::<Binding>();
    data::<Change>();
    data::<Code>();
    data::<Failure>();
    data::<Found>();
    data::<FoundAccount>();
    data::<HttpRequest>();
    data::<HttpResponse>();
    data::<ItemOutcome>();
    data::<Lookup>();
    data::<Notice>();
    data::<Operation<'_>>();
    data::<Outcome>();
    data::<OutboxStats>();
    data::<Progress>();
    data::<Reply>();
    data::<Report>();
    data::<Request>();
    data::<Row>();
    data::<SyncState>();
    data::<Synced>();
    data::<Token>();
    data::<PendingOperation>();
    data::<PendingAccount>();
    data::<DesiredAccounts>();
    data::<Warning>();

    named::<AbortReason>();
    named::<AccessPoint>();
    named::<AccountType>();
    named::<ApplyEnd>();
    named::<CheckLevel>();
    named::<Durability>();
    named::<EngineDurability>();
    named::<OutboxRole>();
    named::<ErrorKind>();
    named::<Fault>();
    named::<Format>();
    named::<LogLevel>();
    named::<Operator>();
    named::<Platform>();
    named::<ProtocolVersion>();
    named::<Reason>();
    named::<Retry>();
    named::<Scheme>();
    named::<SendErrorKind>();
    named::<State>();
    named::<Suspicion>();
    named::<WarningKind>();
}

#[test]
fn transport_is_object_safe() {
    fn object(_: Option<&dyn Transport>) {}
    object(None);
}

#[test]
fn error_is_one_that_others_can_carry() {
    fn carried<T: std::error::Error + Send + Sync + 'static>() {}
    carried::<Error>();
    carried::<SendError>();
}
