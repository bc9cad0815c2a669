-- Over which window is each table complete, for whom?
-- Grain: one row per delivered table and patient of the batch with a declaration of their own or of their
-- site, and one
-- (patient -1) for everybody else. Columns as in schemas.facts.COVERAGE.
-- The patient's own row wins over the site's, that over everybody's; of several, the latest complete_through,
-- then the later complete_from. A partial date counts as narrowly as it can. A row that could not be read
-- declares nothing: the window is empty. A table without any row: complete for everybody from the beginning
-- through the day that the extract reaches. Declared for some sites or patients only: not captured for others.
with declared as (
    select
        rows."table",
        rows.site,
        case when rows.patient >= 0 then rows.patient end as patient,
        rows.patient_id is not null as is_personal,
        rows.quarantined,
        case when rows.quarantined then forever() else coalesce(rows.complete_from_latest, beginning()) end
        as complete_from,
        case when rows.quarantined then beginning() else rows.complete_through_earliest end as complete_through
    from raw_coverage as rows
    where rows."table" is not null and (rows.patient_id is null or rows.patient >= 0)
),

tables as (select name as "table" from delivered where name not in ('coverage', 'patients')),

extract_date as (select extracted_on from extract_dates),

persons as (
    select patient, site from stg_patients
    union all
    select patient, site from carried_patients
    where patient between getvariable('first_patient') and getvariable('last_patient')
),

scoped as (
    select
        "table",
        patient,
        case when not is_personal then site end as site,
        -- A row that could not be read spoils its scope: its window is empty, whatever the others say.
        case
            when bool_or(quarantined) then beginning() else max(complete_through)
        end as complete_through,
        case
            when bool_or(quarantined) then forever()
            else max(complete_from) filter (where complete_through = best_complete_through)
        end as complete_from
    from (
        select
            *,
            max(complete_through) over (
                partition by "table", patient, case when not is_personal then site end
            ) as best_complete_through
        from declared
    )
    group by "table", patient, case when not is_personal then site end
),

by_patient as (
    select scoped."table", scoped.patient, scoped.complete_from, scoped.complete_through
    from scoped
    join persons on persons.patient = scoped.patient
),

by_site as (
    select scoped."table", persons.patient, scoped.complete_from, scoped.complete_through
    from scoped
    join persons on persons.site = scoped.site
    anti join by_patient on by_patient."table" = scoped."table" and by_patient.patient = persons.patient
    where scoped.patient is null
),

for_everybody as (
    select
        tables."table",
        -1 as patient,
        coalesce(scoped.complete_from, beginning()) as complete_from,
        coalesce(scoped.complete_through, extract_date.extracted_on) as complete_through
    from tables
    cross join extract_date
    left join scoped on scoped."table" = tables."table" and scoped.patient is null and scoped.site is null
    where scoped."table" is not null or tables."table" not in (select "table" from declared)
),

final as (
    select * from for_everybody
    union all
    select by_patient.* from by_patient join tables on tables."table" = by_patient."table"
    union all
    select by_site.* from by_site join tables on tables."table" = by_site."table"
)

select "table", patient, complete_from, complete_through from final order by "table", patient
