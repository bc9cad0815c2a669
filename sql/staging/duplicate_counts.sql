-- How many rows of each table repeat another row in every column?
-- Grain: one row per table and batch of patients. They are counted, and change nothing.
with final as (
    select 'patients' as "table", count(*) - count(distinct hash(rows)) as rows
    from (select * exclude (source_row) from batch_patients) as rows
    union all
    select 'conditions' as "table", count(*) - count(distinct hash(rows)) as rows
    from (select * exclude (source_row) from batch_conditions) as rows
    union all
    select 'observations' as "table", count(*) - count(distinct hash(rows)) as rows
    from (select * exclude (source_row) from batch_observations) as rows
    union all
    select 'treatments' as "table", count(*) - count(distinct hash(rows)) as rows
    from (select * exclude (source_row) from batch_treatments) as rows
    union all
    select 'responses' as "table", count(*) - count(distinct hash(rows)) as rows
    from (select * exclude (source_row) from batch_responses) as rows
    union all
    select 'procedures' as "table", count(*) - count(distinct hash(rows)) as rows
    from (select * exclude (source_row) from batch_procedures) as rows
    union all
    select 'medications' as "table", count(*) - count(distinct hash(rows)) as rows
    from (select * exclude (source_row) from batch_medications) as rows
    union all
    select 'allergies' as "table", count(*) - count(distinct hash(rows)) as rows
    from (select * exclude (source_row) from batch_allergies) as rows
    union all
    select 'trial_participation' as "table", count(*) - count(distinct hash(rows)) as rows
    from (select * exclude (source_row) from batch_trial_participation) as rows
    union all
    select 'attestations' as "table", count(*) - count(distinct hash(rows)) as rows
    from (select * exclude (source_row) from batch_attestations) as rows
    union all
    select 'screening_log' as "table", count(*) - count(distinct hash(rows)) as rows
    from (select * exclude (source_row) from batch_screening_log) as rows
    union all
    select 'coverage' as "table", count(*) - count(distinct hash(rows)) as rows
    from (select * exclude (source_row) from batch_coverage) as rows
)

select "table", rows::integer as rows from final order by "table"
