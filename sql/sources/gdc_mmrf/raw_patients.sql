-- The patients of the source as patients of the contract.
-- Grain: one row per delivered row.
with rows as (select * exclude (bad_columns) from source.raw_patients),

births as (select source_row, birth_earliest, birth_latest from patient_days),

faults as (select source_row, bad_columns from bad_columns where "table" = 'patients'),

read as (
    select
        rows.*,
        births.birth_earliest,
        births.birth_latest,
        faults.source_row is not null as is_bad,
        coalesce(faults.bad_columns, []) as bad_columns
    from rows
    join births on births.source_row = rows.source_row
    left join faults on faults.source_row = rows.source_row
),

final as (
    select
        source_row,
        case_submitter_id as patient_id,
        earliest_of(list_contains(bad_columns, 'birth_date'), birth_earliest) as birth_earliest,
        latest_of(list_contains(bad_columns, 'birth_date'), birth_latest) as birth_latest,
        case when gender in ('female', 'male') then gender when gender is not null then 'unknown' end as sex,
        case when vital_status in ('alive', 'dead') then vital_status when vital_status is not null then 'unknown' end
        as vital_status,
        earliest_of(list_contains(bad_columns, 'death_date'), on_day(days_to_death)) as death_earliest,
        latest_of(list_contains(bad_columns, 'death_date'), on_day(days_to_death)) as death_latest,
        earliest_of(list_contains(bad_columns, 'last_contact_date'), on_day(days_to_last_follow_up))
        as last_contact_earliest,
        latest_of(list_contains(bad_columns, 'last_contact_date'), on_day(days_to_last_follow_up))
        as last_contact_latest,
        is_bad as quarantined,
        bad_columns
    from read
)

select * from final order by source_row
