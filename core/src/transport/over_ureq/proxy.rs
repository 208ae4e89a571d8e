//! The way through a proxy.

use std::sync::Arc;

use ureq::Error;
use ureq::unversioned::transport::{
    ConnectProxyConnector, ConnectionDetails, Connector, Transport,
};

use super::attempt_state::AttemptState;

/// Asks the proxy, and notes that it is the proxy that the steps concern meanwhile.
#[derive(Debug)]
pub(super) struct ProxyConnector {
    pub(super) inner: ConnectProxyConnector,
    pub(super) attempt_state: Arc<AttemptState>,
}

impl<In: Transport> Connector<In> for ProxyConnector {
    type Out = <ConnectProxyConnector as Connector<In>>::Out;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        // The connection to the proxy itself comes by here without one.
        if details.config.proxy().is_none() {
            return self.inner.connect(details, chained);
        }
        self.attempt_state.note(|progress| progress.at_proxy = true);
        let connected = self.inner.connect(details, chained)?;
        self.attempt_state
            .note(|progress| progress.at_proxy = false);
        Ok(connected)
    }
}
