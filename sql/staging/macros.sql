-- Words that every model uses: parameters of the run, reasons, ranks, spellings, exact conversion.
-- name_key, unit_key and code_key come from data.spelling, which the runner turns into macros.
-- Numbers: decimals with nine places; conversion goes through whole numbers (billionths), because a
-- division of decimals would give a floating-point number.

create or replace macro as_of() as getvariable('as_of');
create or replace macro beginning() as date '0001-01-01';
create or replace macro forever() as date '9999-12-31';
create or replace macro unbounded() as 1000000000000::decimal(38, 9);

-- The bit of one reason; a word that is no reason is an error, never null.
create or replace macro reason(word) as coalesce(
    (1 << (list_position(getvariable('reasons'), word) - 1))::integer,
    error('not a reason: ' || word)
);
create or replace macro reason_if(applies, word) as case when applies then reason(word) else 0 end;

-- The place of a word in its domain, from 0; null for a blank.
create or replace macro rank_of(domain, word) as (list_position(getvariable(domain), word) - 1)::integer;
create or replace macro highest_rank(domain) as (len(getvariable(domain)) - 1)::integer;

-- The four letters that regulators add to the name of a biologic (daratumumab-abcd).
create or replace macro without_suffix(key) as regexp_replace(key, '-[a-z]{4}$', '');
-- Spelt almost alike: one slip in a short name, Jaro-Winkler of 0.92 in a long one. Names of up to three
-- letters are too many abbreviations of too many things to be close to anything.
create or replace macro is_close(key, listed) as
case
    when least(len(key), len(listed)) < 4 then false
    when least(len(key), len(listed)) < 8 then damerau_levenshtein(key, listed) <= 1
    else jaro_winkler_similarity(key, listed) >= 0.92
end
-- A listed name among other words ('omeprazole 20 mg') is that name or something with it.
or (len(listed) >= 6 and contains(' ' || regexp_replace(key, '[^a-z0-9]+', ' ', 'g') || ' ', ' ' || listed || ' '));

-- A date that is not known to have come yet may come: the fact stands until the day before it can.
create or replace macro until_start(start_latest) as
case when start_latest > as_of() and start_latest < forever() then start_latest - 1 else forever() end;
create or replace macro is_partial(earliest, latest) as
earliest < latest and not (earliest = beginning() and latest = forever());

-- The ends of a value of which at least one is stated ('<5' is 0 to 5, '>5' has no upper end).
create or replace macro lower_end(low, high) as coalesce(low, case when high is not null then 0 end);
create or replace macro upper_end(low, high) as coalesce(high, case when low is not null then unbounded() end);

-- Patient and concept as one number, to group and join by.
create or replace macro series_of(patient, concept_number) as patient::bigint * 100000 + concept_number::bigint;

-- Whole billionths and back; halves go to the even neighbour.
create or replace macro to_billionths(number) as cast(number * 1000000000 as hugeint);
create or replace macro from_billionths(number) as cast(number as decimal(38, 0)) * 0.000000001::decimal(10, 9);
create or replace macro half_to_even(quotient, twice_remainder, divisor) as
quotient + case
    when twice_remainder > divisor then 1
    when twice_remainder < divisor then 0
    else quotient % 2
end;
-- Of whole numbers that are not negative. Almost all fit into 64 bits, where division is much faster.
create or replace macro round_positive_ratio(dividend, divisor) as
case
    when dividend < 4000000000000000000 and divisor < 2000000000000000000
        then half_to_even(
            try_cast(dividend as bigint) // try_cast(divisor as bigint),
            2 * (try_cast(dividend as bigint) % try_cast(divisor as bigint)),
            try_cast(divisor as bigint)
        )::hugeint
    else half_to_even(dividend // divisor, 2 * (dividend % divisor), divisor)
end;
create or replace macro round_ratio(dividend, divisor) as
case
    when divisor = 1 then dividend
    when dividend < 0 then -round_positive_ratio(-dividend, divisor)
    else round_positive_ratio(dividend, divisor)
end;
create or replace macro clipped(number) as greatest(-unbounded(), least(unbounded(), number));
-- A number in another unit, rounded once; an unbounded end stays unbounded.
create or replace macro converted(number, numerator, denominator) as
case
    when numerator = denominator or abs(number) >= unbounded() then clipped(number)
    else clipped(from_billionths(round_ratio(to_billionths(number) * numerator, denominator)))
end;
