-- Where the registry numbers lines: to which line does each course belong?
-- Grain: one row per delivered course, drug and line that it may belong to. slot: the line's number, or 100
-- and more for a line that the registry may have left out.
-- A course without a number that surely starts inside the span of a numbered line belongs to it (the last
-- such). One that only may start inside also counts, with all others, for an extra line that may be: one for
-- all starts within 28 days of the first of them (convention).
-- Steroids alone are such a line only where they may have been given for more than 28 days (convention);
-- beside other drugs they are part of it.
with courses as (select * from myeloma_courses where has_numbers),

spans as (
    select
        patient,
        line,
        min(start_earliest) as first_day,
        max(end_latest) as last_day,
        min(start_latest) filter (where row_certain) as surely_begun,
        max(end_earliest) filter (where row_certain) as surely_until
    from courses
    where line is not null
    group by patient, line
),

unnumbered as (
    select
        courses.*,
        spans.line as inside_line,
        spans.first_day as inside_from,
        coalesce(
            courses.start_earliest >= spans.surely_begun and courses.start_latest <= spans.surely_until, false
        ) as surely_inside
    from courses
    left join spans
        on spans.patient = courses.patient
        and courses.start_latest >= spans.first_day
        and courses.start_earliest <= spans.last_day
    where courses.line is null
    qualify
        row_number() over (
            partition by courses.patient, courses.source_row, courses.concept order by spans.line desc nulls last
        ) = 1
),

placed as (
    select *, null::integer as inside_line, null::date as inside_from, false as surely_inside
    from courses
    where line is not null
    union all
    select * from unnumbered
),

outside as (select * from placed where line is null and not surely_inside),

extra as (select * from outside where not (is_steroid and end_latest - start_earliest <= 28)),

starts as (
    select patient, list_sort(list_distinct(list(start_earliest))) as days from extra group by patient
),

-- The first start of each cluster: the first one more than 28 days after the last such.
anchors as (
    select
        patient,
        unnest(
            list_reduce(
                list_transform(days, lambda day: [day]),
                lambda firsts, day: case when day[1] - firsts[-1] > 28 then list_concat(firsts, day) else firsts end
            )
        ) as first_day
    from starts
),

clusters as (
    select
        patient,
        first_day,
        (99 + row_number() over (partition by patient order by first_day))::integer as slot
    from anchors
),

final as (
    select
        -- In the line only if it starts in its span.
        placed.* replace (
            case when line is null then greatest(start_earliest, inside_from) else start_earliest end
            as start_earliest
        ),
        coalesce(line, inside_line)::integer as slot,
        row_certain and (line is not null or surely_inside) as makes_line,
        certain and (line is not null or surely_inside) as is_member
    from placed
    where line is not null or inside_line is not null
    union all
    select
        outside.*, clusters.slot, false as makes_line, outside.certain and outside.inside_line is null as is_member
    from outside
    join clusters
        on clusters.patient = outside.patient
        and outside.start_earliest between clusters.first_day and clusters.first_day + 28
)

select
    patient, slot, concept, source_row, start_earliest, start_latest, end_earliest, end_latest, makes_line,
    is_member, line is not null as has_number, row_reasons, reasons, fact_until
from final
