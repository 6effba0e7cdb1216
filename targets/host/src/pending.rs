//! Host calls that are under way: what each waits for, and which of them can go on.
//!
//! Every future has a waker of its own, which notes its token here before it wakes whoever drives the program. So only
//! those are polled that were woken, however many there are.

use std::any::Any;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use futures_timer::Delay;

use crate::callback::{Channel, Question};
use crate::{CallError, Value};

/// What a call that is under way will give.
pub(crate) type CallFuture = Pin<Box<dyn Future<Output = Result<Value, CallError>> + Send>>;

/// Longest sleep, in milliseconds: thirty years, which no clock overflows at.
const MAX_SLEEP: u64 = 1_000_000_000_000;

/// How far a call has come.
pub(crate) enum Progress {
    Done(Result<Value, CallError>),
    /// It is under way, under this token.
    Pending(u32),
    /// It is under way, under this token, and wants the program to call one of its functions.
    Asks(u32, Question),
}

/// The calls of one runtime that are under way.
pub(crate) struct Pending {
    /// The most that may have futures at once.
    pub(crate) limit: usize,
    calls: BTreeMap<u32, Wait>,
    /// Those whose futures have ended, in that order; some may be gone.
    ended: VecDeque<u32>,
    pub(crate) next_token: u32,
    /// From the first future on; most programs have none.
    woken: Option<Arc<Woken>>,
    /// Wakes whoever drives the program when a sleep or its time ends.
    timer: Option<Delay>,
}

/// The most calls with futures that can be under way, where the host did not say.
const DEFAULT_LIMIT: usize = 1000;

impl Default for Pending {
    fn default() -> Self {
        Self {
            limit: DEFAULT_LIMIT,
            calls: BTreeMap::new(),
            ended: VecDeque::new(),
            next_token: 0,
            woken: None,
            timer: None,
        }
    }
}

/// What a call waits for.
enum Wait {
    Time(Instant),
    Future(CallFuture, Arc<Token>, Option<Arc<Channel>>),
    /// For nothing more: its future gave this.
    Nothing(Result<Value, CallError>),
}

impl Wait {
    /// Whether something is to be done for a call that does not wait for a time.
    fn can_go_on(&self) -> bool {
        match self {
            Self::Nothing(_) => true,
            Self::Future(.., channel) => channel.as_ref().is_some_and(|channel| channel.has_question()),
            Self::Time(_) => false,
        }
    }
}

impl Pending {
    pub(crate) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// A call that goes on after so many milliseconds.
    pub(crate) fn sleep(&mut self, ms: u64) -> Progress {
        let wake = Instant::now() + Duration::from_millis(ms.min(MAX_SLEEP));
        Progress::Pending(self.insert(Wait::Time(wake)))
    }

    /// A call that was under this token, and can go on whenever somebody asks.
    pub(crate) fn repeat(&mut self, token: u32) -> Progress {
        self.calls.insert(token, Wait::Time(Instant::now()));
        Progress::Pending(token)
    }

    /// A call whose future begins; it may be done at once.
    pub(crate) fn begin(
        &mut self,
        future: impl FnOnce() -> Result<(CallFuture, Option<Arc<Channel>>), CallError>,
    ) -> Progress {
        let limit = self.limit;
        let with_future = |wait: &&Wait| !matches!(wait, Wait::Time(_));
        if self.calls.len() >= limit && self.calls.values().filter(with_future).count() >= limit {
            return Progress::Done(Err(CallError::failed(format_args!(
                "at most {limit} calls can be under way at once"
            ))));
        }
        let (mut future, channel) = match contained(future) {
            Ok(future) => future,
            Err(error) => return Progress::Done(Err(error)),
        };
        let token = Arc::new(Token {
            number: self.next_token,
            noted: AtomicBool::new(false),
            woken: Arc::clone(self.woken.get_or_insert_default()),
        });
        match poll(&mut future, &token) {
            Poll::Ready(result) => {
                drop_quietly(Wait::Future(future, token, channel));
                Progress::Done(result)
            }
            Poll::Pending => {
                let question = channel.as_ref().and_then(|channel| channel.question());
                let token = self.insert(Wait::Future(future, token, channel));
                question.map_or(Progress::Pending(token), |question| Progress::Asks(token, question))
            }
        }
    }

    /// Goes on with a call that asked for another, which gave this.
    pub(crate) fn answer(&mut self, token: u32, answer: Result<Value, CallError>) -> Progress {
        if let Some(Wait::Future(.., Some(channel))) = self.calls.get(&token) {
            channel.answer(answer);
        }
        self.go_on(token)
    }

    /// Polls a call's future.
    fn go_on(&mut self, token: u32) -> Progress {
        let Some(wait @ Wait::Future(..)) = self.calls.get_mut(&token) else {
            return Progress::Done(self.take(token));
        };
        let Wait::Future(future, waker, channel) = wait else { return Progress::Pending(token) };
        if let Some(question) = channel.as_ref().and_then(|channel| channel.question()) {
            return Progress::Asks(token, question);
        }
        match poll(future, waker) {
            Poll::Ready(result) => {
                self.cancel(token);
                Progress::Done(result)
            }
            Poll::Pending => match channel.as_ref().and_then(|channel| channel.question()) {
                Some(question) => Progress::Asks(token, question),
                None => Progress::Pending(token),
            },
        }
    }

    fn insert(&mut self, wait: Wait) -> u32 {
        let token = self.next_token;
        self.next_token = token.wrapping_add(1);
        self.calls.insert(token, wait);
        token
    }

    /// Polls the futures that were woken. Those that are woken later wake this context.
    pub(crate) fn poll(&mut self, context: &Context<'_>) {
        let Some(woken) = &self.woken else { return };
        // What is foreign is made and dropped while nothing is locked.
        let driver = Some(context.waker().clone());
        let (tokens, before) = {
            let mut woken = woken.lock();
            (mem::take(&mut woken.tokens), mem::replace(&mut woken.driver, driver))
        };
        drop(before);
        for number in tokens {
            let Some(wait @ Wait::Future(..)) = self.calls.get_mut(&number) else { continue };
            let Wait::Future(future, token, channel) = wait else { continue };
            token.noted.store(false, Ordering::Release);
            match poll(future, token) {
                Poll::Ready(result) => {
                    drop_quietly(mem::replace(wait, Wait::Nothing(result)));
                    self.ended.push_back(number);
                }
                Poll::Pending if channel.as_ref().is_some_and(|channel| channel.has_question()) => {
                    self.ended.push_back(number);
                }
                Poll::Pending => {}
            }
        }
    }

    /// The call that goes on first, of those that can: this one, or any.
    pub(crate) fn first(&mut self, asked: Option<u32>) -> Option<u32> {
        let now = Instant::now();
        if let Some(token) = asked {
            return self.is_over(token, now).then_some(token);
        }
        let sleeps = self.calls.iter().filter_map(|(&token, wait)| match wait {
            Wait::Time(wake) if *wake <= now => Some((*wake, token)),
            _ => None,
        });
        if let Some((_, token)) = sleeps.min() {
            return Some(token);
        }
        while let Some(token) = self.ended.pop_front() {
            if self.calls.get(&token).is_some_and(Wait::can_go_on) {
                return Some(token);
            }
        }
        None
    }

    /// Whether a call waits for nothing more.
    pub(crate) fn is_over(&self, token: u32, now: Instant) -> bool {
        match self.calls.get(&token) {
            Some(Wait::Time(wake)) => *wake <= now,
            Some(wait) => wait.can_go_on(),
            None => true,
        }
    }

    /// Goes on with a call that waits for nothing more.
    pub(crate) fn finish(&mut self, token: u32) -> Progress {
        match self.calls.get(&token) {
            Some(Wait::Future(..)) => self.go_on(token),
            _ => Progress::Done(self.take(token)),
        }
    }

    /// What a call gave that is over.
    fn take(&mut self, token: u32) -> Result<Value, CallError> {
        match self.calls.remove(&token) {
            Some(Wait::Nothing(result)) => result,
            Some(wait) => {
                drop_quietly(wait);
                Ok(Value::Null)
            }
            None => Ok(Value::Null),
        }
    }

    /// Nobody waits for a call any more.
    pub(crate) fn cancel(&mut self, token: u32) {
        self.calls.remove(&token).into_iter().for_each(drop_quietly);
    }

    /// Whether nothing is left of any call.
    #[inline]
    pub(crate) fn is_clear(&self) -> bool {
        self.calls.len() | self.ended.len() == 0 && self.timer.is_none()
    }

    /// Nobody waits for any call any more.
    pub(crate) fn clear(&mut self) {
        self.ended.clear();
        self.timer = None;
        mem::take(&mut self.calls).into_values().for_each(drop_quietly);
    }

    /// When the sleep ends that ends first: that of this call, or any.
    pub(crate) fn first_sleep(&self, asked: Option<u32>) -> Option<Instant> {
        let wake = |wait: &Wait| if let Wait::Time(wake) = wait { Some(*wake) } else { None };
        match asked {
            Some(token) => self.calls.get(&token).and_then(wake),
            None => self.calls.values().filter_map(wake).min(),
        }
    }

    /// Wakes this context at that time.
    pub(crate) fn wake_at(&mut self, time: Instant, context: &mut Context<'_>) {
        let delay = self.timer.insert(Delay::new(time.saturating_duration_since(Instant::now())));
        if Pin::new(delay).poll(context).is_ready() {
            context.waker().wake_by_ref();
        }
    }

    /// The calls for a snapshot: after how many microseconds each goes on; none for one that has a future, which cannot
    /// be saved.
    pub(crate) fn save(&self) -> Vec<(u32, Option<u64>)> {
        let now = Instant::now();
        let micros = |wait: &Wait| match wait {
            Wait::Time(wake) => {
                let left = wake.saturating_duration_since(now).as_micros();
                Some(u64::try_from(left).unwrap_or(u64::MAX))
            }
            _ => None,
        };
        self.calls.iter().map(|(&token, wait)| (token, micros(wait))).collect()
    }

    /// The calls of a snapshot. Those that had a future have failed.
    pub(crate) fn restore(&mut self, saved: Vec<(u32, Option<u64>)>, next_token: u32) {
        self.clear();
        let now = Instant::now();
        for (token, micros) in saved {
            let wait = match micros {
                Some(micros) => Wait::Time(now.checked_add(Duration::from_micros(micros)).unwrap_or(now)),
                None => {
                    self.ended.push_back(token);
                    Wait::Nothing(Err(CallError::failed("the call was under way when the program was saved")))
                }
            };
            self.calls.insert(token, wait);
        }
        self.next_token = next_token;
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.clear();
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").field("calls", &self.calls.keys()).finish_non_exhaustive()
    }
}

/// The tokens of futures that were woken, and whom to wake for them.
#[derive(Default)]
struct Woken(Mutex<Noted>);

#[derive(Default)]
struct Noted {
    tokens: Vec<u32>,
    driver: Option<Waker>,
}

impl Woken {
    fn lock(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The waker of one future.
struct Token {
    number: u32,
    /// Whether it is among the woken ones.
    noted: AtomicBool,
    woken: Arc<Woken>,
}

impl Wake for Token {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.noted.swap(true, Ordering::AcqRel) {
            return;
        }
        let driver = {
            let mut woken = self.woken.lock();
            woken.tokens.push(self.number);
            woken.driver.take()
        };
        if let Some(driver) = driver {
            driver.wake();
        }
    }
}

/// Polls a future. A panic in it is a failure of the call.
fn poll(future: &mut CallFuture, token: &Arc<Token>) -> Poll<Result<Value, CallError>> {
    let waker = Waker::from(Arc::clone(token));
    match contained(|| Ok(future.as_mut().poll(&mut Context::from_waker(&waker)))) {
        Ok(polled) => polled,
        Err(error) => Poll::Ready(Err(error)),
    }
}

fn drop_quietly(wait: Wait) {
    if let Wait::Future(future, _, channel) = wait {
        discard(future);
        channel.into_iter().for_each(|channel| channel.close());
    }
}

/// Drops a future. Should that panic, nobody else is to suffer.
fn discard(future: CallFuture) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(future)));
}

/// What the host's own code gives; a panic in it is a failure of the call.
pub(crate) fn contained<T>(work: impl FnOnce() -> Result<T, CallError>) -> Result<T, CallError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(panicked(panic)))
}

/// What became of a call whose function panicked. Apart, so that a call that goes well has none of this in its frame.
#[cold]
#[inline(never)]
pub(crate) fn panicked(panic: Box<dyn Any + Send>) -> CallError {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let text = text.unwrap_or("no message");
    CallError::failed(format_args!("the host's function panicked: {text}"))
}
