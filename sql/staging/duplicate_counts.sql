-- How many rows of each table repeat another row in every column?
-- Grain: one row per table and patient (-1: nobody known) who has any. They are counted, and change nothing.
with final as (
    select 'patients' as "table", patient, count(*) - count(distinct hash(rows)) as rows
    from (select * exclude (source_row, place) from batch_patients) as rows
    group by patient
    union all
    select 'conditions' as "table", patient, count(*) - count(distinct hash(rows)) as rows
    from (select * exclude (source_row, place) from batch_conditions) as rows
    group by patient
    union all
    select 'observations' as "table", patient, count(*) - count(distinct hash(rows)) as rows
    from (select * exclude (source_row, place) from batch_observations) as rows
    group by patient
    union all
    select 'treatments' as "table", patient, count(*) - count(distinct hash(rows)) as rows
    from (select * exclude (source_row, place) from batch_treatments) as rows
    group by patient
    union all
    select 'responses' as "table", patient, count(*) - count(distinct hash(rows)) as rows
    from (select * exclude (source_row, place) from batch_responses) as rows
    group by patient
    union all
    select 'procedures' as "table", patient, count(*) - count(distinct hash(rows)) as rows
    from (select * exclude (source_row, place) from batch_procedures) as rows
    group by patient
    union all
    select 'medications' as "table", patient, count(*) - count(distinct hash(rows)) as rows
    from (select * exclude (source_row, place) from batch_medications) as rows
    group by patient
    union all
    select 'allergies' as "table", patient, count(*) - count(distinct hash(rows)) as rows
    from (select * exclude (source_row, place) from batch_allergies) as rows
    group by patient
    union all
    select 'trial_participation' as "table", patient, count(*) - count(distinct hash(rows)) as rows
    from (select * exclude (source_row, place) from batch_trial_participation) as rows
    group by patient
    union all
    select 'attestations' as "table", patient, count(*) - count(distinct hash(rows)) as rows
    from (select * exclude (source_row, place) from batch_attestations) as rows
    group by patient
    union all
    select 'screening_log' as "table", patient, count(*) - count(distinct hash(rows)) as rows
    from (select * exclude (source_row, place) from batch_screening_log) as rows
    group by patient
    union all
    select 'coverage' as "table", patient, count(*) - count(distinct hash(rows)) as rows
    from (select * exclude (source_row, place) from batch_coverage) as rows
    group by patient
)

select "table", patient, rows::integer as rows from final where rows > 0 order by "table", patient
