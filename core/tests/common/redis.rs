//! A Redis (or Valkey) of a test's own, in a folder of its own: on a socket of the file
//! system, and on a free port if it is asked for one. It ends with the value, and with the
//! thread that started it.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Once;
use std::time::{Duration, Instant};

/// The program: `XG_REDIS_SERVER`, or what is installed. Without one the test is counted as
/// skipped, and with `XG_NEED_ALL=1` it fails.
pub(crate) fn program() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("XG_REDIS_SERVER") {
        return Some(named.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = ["redis-server", "valkey-server"]
        .iter()
        .flat_map(|name| std::env::split_paths(&path).map(move |folder| folder.join(name)))
        .find(|file| file.is_file());
    if found.is_none() {
        assert!(
            std::env::var_os("XG_NEED_ALL").is_none_or(|all| all != "1"),
            "redis-server is missing (Debian: redis-server)"
        );
        static SAID: Once = Once::new();
        SAID.call_once(|| {
            // Past the capture of what a test prints.
            let _ = writeln!(
                std::io::stderr(),
                "fleet over Redis: 0 passed, 0 failed, 1 skipped: needs redis-server (Debian: \
                 redis-server)"
            );
        });
    }
    found
}

/// A server that runs, or is down for a while.
pub(crate) struct RedisServer {
    child: Option<Child>,
    folder: tempfile::TempDir,
    program: PathBuf,
    settings: Vec<String>,
    port: u16,
    /// A Sentinel writes into its file.
    file: Option<String>,
}

#[allow(dead_code, reason = "each test uses some of it")]
impl RedisServer {
    /// Starts one that keeps nothing on disk. `settings` are words of its command line,
    /// such as `--appendonly yes`. `None`: there is no program.
    pub(crate) fn start(settings: &[&str]) -> Option<Self> {
        Some(Self::run(program()?, settings, 0))
    }

    /// The same, on a free port of the loopback address as well.
    pub(crate) fn start_on_port(settings: &[&str]) -> Option<Self> {
        Some(Self::run(program()?, settings, free_port()))
    }

    /// Starts a Sentinel on a port, which watches the master at another under the name `m`.
    pub(crate) fn start_sentinel(port: u16, master: u16) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("sentinel.conf");
        let text = format!(
            "sentinel monitor m 127.0.0.1 {master} 1\n\
             sentinel down-after-milliseconds m 5000\n\
             sentinel failover-timeout m 10000\n"
        );
        std::fs::write(&file, text).expect("a file of settings");
        let file = file.display().to_string();
        Some(Self::run_in(
            folder,
            program()?,
            &["--sentinel"],
            port,
            Some(file),
        ))
    }

    fn run(program: PathBuf, settings: &[&str], port: u16) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self::run_in(folder, program, settings, port, None)
    }

    fn run_in(
        folder: tempfile::TempDir,
        program: PathBuf,
        settings: &[&str],
        port: u16,
        file: Option<String>,
    ) -> Self {
        let mut server = Self {
            child: None,
            folder,
            program,
            settings: settings.iter().map(ToString::to_string).collect(),
            port,
            file,
        };
        server.up();
        server
    }

    /// `unix:…`, for a URL.
    pub(crate) fn url(&self) -> String {
        format!("unix:{}", self.socket().display())
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("redis.sock")
    }

    /// Ends it as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Starts it again, with what it has on disk, and waits until it answers.
    pub(crate) fn up(&mut self) {
        let _ = std::fs::remove_file(self.socket());
        // The server must not outlive a test that is killed.
        let setpriv = ["setpriv", "--pdeathsig", "KILL"];
        let mut command = Command::new(setpriv[0]);
        command.args(&setpriv[1..]).arg(&self.program);
        command.args(&self.file);
        command.arg("--dir").arg(self.folder.path());
        command.arg("--unixsocket").arg(self.socket());
        if self.file.is_none() {
            command.args(["--save", "", "--appendonly", "no", "--daemonize", "no"]);
        }
        command.args(["--bind", "127.0.0.1", "--port", &self.port.to_string()]);
        command.args(["--loglevel", "warning", "--tcp-backlog", "64"]);
        command.args(&self.settings);
        let log = std::fs::File::create(self.folder.path().join("log")).expect("a log");
        command.stdin(Stdio::null());
        command.stdout(log.try_clone().expect("a log")).stderr(log);
        self.child = Some(
            command
                .spawn()
                .expect("setpriv of util-linux starts a server"),
        );
        let began = Instant::now();
        while !self.answers() {
            let child = self.child.as_mut().expect("started");
            let ended = child.try_wait().expect("a child");
            assert!(
                ended.is_none() && began.elapsed() < Duration::from_secs(60),
                "no server: {}",
                std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Whether it takes commands: one that asks for a password does.
    fn answers(&self) -> bool {
        self.said(&["PING"])
            .is_ok_and(|said| said.starts_with("+PONG") || said.starts_with("-NOAUTH"))
    }

    /// Sends one command, whose arguments have no blanks, and reads the first bytes of its
    /// reply.
    pub(crate) fn said(&self, command: &[&str]) -> std::io::Result<String> {
        let mut socket = UnixStream::connect(self.socket())?;
        socket.set_read_timeout(Some(Duration::from_secs(10)))?;
        socket.write_all(format!("{}\r\n", command.join(" ")).as_bytes())?;
        let mut reply = vec![0; 64 << 10];
        let length = socket.read(&mut reply)?;
        Ok(String::from_utf8_lossy(&reply[..length]).into_owned())
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port that was free just now.
pub(crate) fn free_port() -> u16 {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
    socket.local_addr().expect("an address").port()
}
