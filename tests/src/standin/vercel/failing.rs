//! How the stand-in fails when it is asked to.

/// What happens to a write instead of its usual answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is carried out, and the line is cut before anybody hears of it.
    LoseReply,
    /// The line is cut, and nothing is carried out.
    LoseRequest,
    /// It is refused with this status, with nothing but an error in one of Vercel's shapes.
    Refuse(u16),
    /// It is refused with 429, by `Retry-After` in seconds.
    RetryAfter(u32),
    /// It is refused with 429, by `X-RateLimit-Reset` in seconds from now, by the stand-in's clock.
    ResetIn(u32),
    /// It is queued behind a rolling release that began in between.
    Queue,
}

/// How a change that was accepted ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// Production moves.
    #[default]
    Succeeds,
    /// Nothing moves.
    Fails,
    /// Production moves, and one name stays behind.
    LeavesOneBehind,
    /// Vercel leaves it out.
    IsSkipped,
    /// Somebody else's change of another deployment takes its place, and succeeds.
    IsOvertaken,
    /// It goes on for ever.
    NeverEnds,
}
