//! Coroutines on one thread that change places where a call would wait for its socket:
//! this binary's `recv`, `send` and `poll` are asked first, as by a library that hooks
//! them.

use std::cell::{Cell, UnsafeCell};
use std::mem::{MaybeUninit, transmute};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::null_mut;
use std::sync::OnceLock;

use libc::{c_int, c_void, nfds_t, pollfd, sigset_t, size_t, ssize_t, timespec, ucontext_t};

const STACK: usize = 1024 * 1024;

/// All coroutines of a thread.
struct Stage {
    rng: fastrand::Rng,
    main: ucontext_t,
    players: Vec<Player>,
    current: usize,
    /// How often one took the turn of another that was inside of a call, and was so
    /// itself.
    interleaved: u64,
    panic: Option<Box<dyn std::any::Any + Send>>,
}

struct Player {
    context: Box<ucontext_t>,
    body: Option<Box<dyn FnOnce()>>,
    inside: bool,
    over: bool,
    _stack: Vec<u8>,
}

thread_local! {
    /// Null where no coroutine runs: on the threads of the service, of bulk, of tests.
    static STAGE: Cell<*mut UnsafeCell<Stage>> = const { Cell::new(null_mut()) };
}

/// What is done with the stage lasts for this closure only: no reference is kept while
/// another coroutine runs.
fn with<T>(look: impl FnOnce(&mut Stage) -> T) -> Option<T> {
    let stage = STAGE.get();
    // SAFETY: it lives for as long as `run`, which is on this thread; `look` changes no
    // places.
    (!stage.is_null()).then(|| look(unsafe { &mut *(*stage).get() }))
}

/// Runs them in a random order until all are over; how often they interleaved.
pub(crate) fn run(seed: u64, bodies: Vec<Box<dyn FnOnce()>>) -> u64 {
    // SAFETY: a context is plain data, which `getcontext` and `swapcontext` fill in.
    let empty = || unsafe { MaybeUninit::<ucontext_t>::zeroed().assume_init() };
    let mut stage = UnsafeCell::new(Stage {
        rng: fastrand::Rng::with_seed(seed),
        main: empty(),
        players: Vec::new(),
        current: 0,
        interleaved: 0,
        panic: None,
    });
    for body in bodies {
        let mut stack = vec![0; STACK];
        let mut context = Box::new(empty());
        // SAFETY: context and stack live until `run` ends, and then all are over.
        unsafe {
            assert_eq!(libc::getcontext(&raw mut *context), 0);
            context.uc_stack.ss_sp = stack.as_mut_ptr().cast();
            context.uc_stack.ss_size = STACK;
            libc::makecontext(&raw mut *context, begin, 0);
        }
        stage.get_mut().players.push(Player {
            context,
            body: Some(body),
            inside: false,
            over: false,
            _stack: stack,
        });
    }
    STAGE.set(&raw mut stage);
    // A lock that is held while another one has its turn would hang for ever.
    // SAFETY: no other code of this program sets an alarm.
    unsafe { libc::alarm(120) };
    let (main, first) = with(|stage| {
        let first = &raw const *stage.players[0].context;
        (&raw mut stage.main, first)
    })
    .expect("it was set");
    // SAFETY: both were made above.
    assert_eq!(unsafe { libc::swapcontext(main, first) }, 0);
    STAGE.set(null_mut());
    let stage = stage.into_inner();
    if let Some(panic) = stage.panic {
        resume_unwind(panic);
    }
    assert!(stage.players.iter().all(|player| player.over));
    stage.interleaved
}

/// What a coroutine runs.
extern "C" fn begin() {
    let body = with(|stage| stage.players[stage.current].body.take()).flatten();
    let ended = catch_unwind(AssertUnwindSafe(body.expect("it begins once")));
    let next = with(|stage| {
        stage.players[stage.current].over = true;
        let failed = ended.is_err();
        stage.panic = stage.panic.take().or(ended.err());
        let next = if failed { None } else { stage.other() };
        let mine = &raw mut *stage.players[stage.current].context;
        match next {
            Some(next) => {
                stage.current = next;
                (mine, &raw const *stage.players[next].context)
            }
            None => (mine, &raw const stage.main),
        }
    });
    let (mine, next) = next.expect("there is a stage while coroutines run");
    // SAFETY: the other one was made by `run`, and is not over.
    unsafe { libc::swapcontext(mine, next) };
}

/// A call that another one may interrupt.
pub(crate) fn inside<T>(call: impl FnOnce() -> T) -> T {
    let mark = |inside| with(|stage| stage.players[stage.current].inside = inside);
    mark(true);
    let result = call();
    mark(false);
    result
}

/// Perhaps another coroutine's turn.
pub(crate) fn turn() {
    let change = with(|stage| {
        let next = (stage.rng.u8(0..3) > 0).then(|| stage.other()).flatten()?;
        let mine = std::mem::replace(&mut stage.current, next);
        let both = stage.players[mine].inside && stage.players[next].inside;
        stage.interleaved += u64::from(both);
        let context = &raw mut *stage.players[mine].context;
        Some((mine, context, &raw const *stage.players[next].context))
    });
    let Some((mine, context, next)) = change.flatten() else {
        return;
    };
    // SAFETY: as in `begin`.
    unsafe { libc::swapcontext(context, next) };
    with(|stage| stage.current = mine);
}

impl Stage {
    /// One that is not over.
    fn other(&mut self) -> Option<usize> {
        let open = |n: &usize| *n != self.current && !self.players[*n].over;
        let open: Vec<_> = (0..self.players.len()).filter(open).collect();
        self.rng.choice(open)
    }
}

/// The system's function behind the one of this binary.
fn system(name: &'static std::ffi::CStr, cell: &OnceLock<usize>) -> usize {
    // SAFETY: the name ends with a NUL.
    let found = || unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr()) } as usize;
    *cell.get_or_init(found)
}

macro_rules! hook {
    ($name:ident($($arg:ident: $type:ty),*) -> $result:ty, $text:literal) => {
        /// As the system's, after a turn.
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name($($arg: $type),*) -> $result {
            static NEXT: OnceLock<usize> = OnceLock::new();
            turn();
            // SAFETY: the function of this name has this type.
            let next: unsafe extern "C" fn($($type),*) -> $result =
                unsafe { transmute(system($text, &NEXT)) };
            // SAFETY: with what the caller gave.
            unsafe { next($($arg),*) }
        }
    };
}

hook!(recv(fd: c_int, buffer: *mut c_void, length: size_t, flags: c_int) -> ssize_t, c"recv");
hook!(send(fd: c_int, buffer: *const c_void, length: size_t, flags: c_int) -> ssize_t, c"send");
hook!(poll(fds: *mut pollfd, count: nfds_t, timeout: c_int) -> c_int, c"poll");
hook!(ppoll(
    fds: *mut pollfd, count: nfds_t, timeout: *const timespec, mask: *const sigset_t
) -> c_int, c"ppoll");
