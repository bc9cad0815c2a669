-- The transplants of the source, and whatever else it gives without a drug, as procedures of the contract.
-- Grain: one row per delivered row that is a procedure.
with rows as (select * exclude (bad_columns) from source.raw_treatments),

targets as (select source_row from treatment_targets where "table" = 'procedures'),

faults as (select source_row, bad_columns from bad_columns where "table" = 'procedures'),

read as (
    select rows.*, faults.source_row is not null as is_bad, coalesce(faults.bad_columns, []) as bad_columns
    from rows
    join targets on targets.source_row = rows.source_row
    left join faults on faults.source_row = rows.source_row
),

final as (
    select
        source_row,
        case_submitter_id as patient_id,
        treatment_type as procedure,
        earliest_of(list_contains(bad_columns, 'start_date'), on_day(days_to_treatment_start)) as start_earliest,
        latest_of(list_contains(bad_columns, 'start_date'), on_day(days_to_treatment_start)) as start_latest,
        earliest_of(list_contains(bad_columns, 'stop_date'), on_day(days_to_treatment_end)) as stop_earliest,
        latest_of(list_contains(bad_columns, 'stop_date'), on_day(days_to_treatment_end)) as stop_latest,
        case
            when treatment_or_therapy = 'no' then 'cancelled'
            when treatment_or_therapy in ('unknown', 'not reported') then 'planned'
            else 'performed'
        end as status,
        is_bad as quarantined,
        bad_columns
    from read
)

select * from final order by source_row
