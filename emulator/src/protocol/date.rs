//! Dates as the API writes them, without a calendar of the system: proleptic Gregorian, in
//! a zone that is some hours off UTC.

/// Seconds of a day.
pub(crate) const DAY_S: i64 = 86_400;

/// Days since 1970-01-01 of a date that exists.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) || !(1..=9999).contains(&year) {
        return None;
    }
    // Years begin in March here: the leap day is then the last one.
    let year = if month <= 2 { year - 1 } else { year };
    let since_march = (month + 9) % 12;
    let day_of_year = (153 * since_march + 2) / 5 + day - 1;
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// Year, month and day of a number of days since 1970-01-01.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let since_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * since_march + 2) / 5 + 1;
    let month = if since_march < 10 {
        since_march + 3
    } else {
        since_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

fn number(text: &str, length: usize) -> Option<i64> {
    let digits = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// `YYYYMMDD`, as days since 1970-01-01.
pub(crate) fn compact(text: &str) -> Option<i64> {
    if !text.is_ascii() || text.len() != 8 {
        return None;
    }
    let (year, month, day) = (&text[..4], &text[4..6], &text[6..]);
    days(number(year, 4)?, number(month, 2)?, number(day, 2)?)
}

/// `YYYY-MM-DD`, as days since 1970-01-01.
pub(crate) fn dashed(text: &str) -> Option<i64> {
    let mut parts = text.splitn(3, '-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    days(number(year, 4)?, number(month, 2)?, number(day, 2)?)
}

/// `HH:MM:SS`, as seconds of the day.
pub(crate) fn time_of_day(text: &str) -> Option<i64> {
    let mut parts = text.splitn(3, ':');
    let (hour, minute, second) = (parts.next()?, parts.next()?, parts.next()?);
    let (hour, minute, second) = (number(hour, 2)?, number(minute, 2)?, number(second, 2)?);
    (hour < 24 && minute < 60 && second < 60).then_some(hour * 3600 + minute * 60 + second)
}

/// `YYYY-MM-DD HH:MM:SS` of a zone, in Unix seconds.
pub(crate) fn moment(text: &str, zone_s: i64) -> Option<i64> {
    let (date, time) = text.split_once(' ')?;
    Some(dashed(date)? * DAY_S + time_of_day(time)? - zone_s)
}

/// The day of a moment in a zone.
pub(crate) fn day_of(unix_s: i64, zone_s: i64) -> i64 {
    (unix_s + zone_s).div_euclid(DAY_S)
}

/// `YYYY-MM-DD`.
pub(crate) fn write_day(day: i64) -> String {
    let (year, month, day) = civil(day);
    format!("{year:04}-{month:02}-{day:02}")
}

/// `YYYYMMDD`, as a number.
pub(crate) fn day_number(day: i64) -> i64 {
    let (year, month, day) = civil(day);
    year * 10_000 + month * 100 + day
}

/// `YYYY-MM-DD HH:MM:SS` in a zone.
pub(crate) fn write_moment(unix_s: i64, zone_s: i64) -> String {
    let second = (unix_s + zone_s).rem_euclid(DAY_S);
    format!(
        "{} {:02}:{:02}:{:02}",
        write_day(day_of(unix_s, zone_s)),
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

#[cfg(test)]
mod tests {
    use super::{compact, dashed, day_number, moment, write_day, write_moment};

    #[test]
    fn dates_read_and_written_are_the_same_over_four_centuries() {
        for day in -150_000..150_000 {
            let text = write_day(day);
            assert_eq!(dashed(&text), Some(day), "{text}");
            assert_eq!(compact(&text.replace('-', "")), Some(day));
            assert_eq!(day_number(day).to_string(), text.replace('-', ""));
        }
        assert_eq!(dashed("1970-01-01"), Some(0));
        assert_eq!(dashed("2000-02-29"), Some(11_016));
    }

    #[test]
    fn moments_have_their_zone() {
        let eight = 8 * 3600;
        assert_eq!(moment("2019-08-09 09:39:49", eight), Some(1_565_314_789));
        assert_eq!(write_moment(1_565_314_789, eight), "2019-08-09 09:39:49");
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "2020-2-03",
            "2020-02-30",
            "2021-02-29",
            "2020-13-01",
            "2020-00-01",
            "20200101",
            "2020-01-0x",
            "+020-01-01",
            "0000-01-01",
        ] {
            assert_eq!(dashed(text), None, "{text}");
        }
        for text in ["2020-01-01", "2020010", "20200230", "2020010é"] {
            assert_eq!(compact(text), None, "{text}");
        }
        for text in [
            "2020-01-01",
            "2020-01-01 24:00:00",
            "2020-01-01 00:60:00",
            "2020-01-01T00:00:00",
            "2020-01-01 00:00",
        ] {
            assert_eq!(moment(text, 0), None, "{text}");
        }
    }
}
