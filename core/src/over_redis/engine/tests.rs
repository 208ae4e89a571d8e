//! Over a real server.

mod failures;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::fleet::conformance_tests::{self as conformance, Store};
use crate::options::Config;
use crate::over_redis::server::RedisServer;
use crate::over_redis::url::RedisUrl;

/// The keys of one store on a server that several stores may share.
pub(in crate::over_redis) struct RedisStore {
    pub(in crate::over_redis) server: Arc<RedisServer>,
    pub(in crate::over_redis) settings: EngineSettings,
}

impl RedisStore {
    pub(in crate::over_redis) fn new(server: &Arc<RedisServer>) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self {
            server: Arc::clone(server),
            settings: settings(&format!("test:{number}")),
        }
    }

    pub(in crate::over_redis) fn engine(&self) -> RedisEngine {
        RedisEngine::new(link(&self.server.url()), self.settings.clone())
    }
}

pub(in crate::over_redis) fn settings(prefix: &str) -> EngineSettings {
    EngineSettings {
        keys: Keys::new(prefix),
        application: "1500001048".to_owned(),
        survives: Survives::Engine,
        report_ttl: Duration::from_secs(7 * 24 * 3600),
        gone: Duration::from_secs(30),
    }
}

pub(in crate::over_redis) fn link(url: &str) -> Link {
    Link::new(RedisUrl::parse(url).unwrap(), &Config::new()).unwrap()
}

impl Store for RedisStore {
    fn connect(&self) -> Box<dyn FleetEngine> {
        Box::new(self.engine())
    }

    /// Everything that was written down happened so much earlier.
    fn pass(&self, time: Duration) {
        const EARLIER: &str = "
            for _, field in ipairs({'until', 'next_until'}) do
              if redis.call('HEXISTS', KEYS[1], field) == 1 then
                redis.call('HINCRBY', KEYS[1], field, -ARGV[1])
              end
            end
            local readers = redis.call('HGETALL', KEYS[2])
            for i = 1, #readers, 2 do
              local at, who = string.match(readers[i + 1], '^(%d+)( .*)$')
              redis.call('HSET', KEYS[2], readers[i], string.format('%.0f', at - ARGV[1]) .. who)
            end
            for i = 3, #KEYS do
              for _, member in ipairs(redis.call('ZRANGE', KEYS[i], 0, -1)) do
                redis.call('ZINCRBY', KEYS[i], -ARGV[1], member)
              end
            end";
        let mut link = link(&self.server.url());
        let keys = &self.settings.keys;
        let runs = link.command(&[b"KEYS", keys.runs("*").as_bytes()]).unwrap();
        let mut all = vec![keys.lease.as_bytes(), keys.readers.as_bytes()];
        all.extend([keys.names.as_bytes(), keys.groups.as_bytes()]);
        all.extend(runs.list().unwrap().iter().filter_map(Reply::bytes));
        let time = time.as_millis().to_string();
        link.script(&mut Script::new(EARLIER), &all, &[time.as_bytes()])
            .unwrap();
    }
}

#[test]
fn it_does_what_every_engine_does() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let server = Arc::new(server);
    conformance::check(&|| Box::new(RedisStore::new(&server)));
}
