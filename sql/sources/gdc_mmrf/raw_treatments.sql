-- The courses of drugs of the source as treatments of the contract.
-- Grain: one row per delivered row that is a course. Several drugs in a cell stay together: drug names are
-- split where names become concepts. A drug called Other stays so: it may be any drug.
with rows as (select * exclude (bad_columns) from source.raw_treatments),

targets as (select source_row from treatment_targets where "table" = 'treatments'),

faults as (select source_row, bad_columns from bad_columns where "table" = 'treatments'),

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
        replace(therapeutic_agents, '|', ';') as drug,
        earliest_of(list_contains(bad_columns, 'start_date'), on_day(days_to_treatment_start)) as start_earliest,
        latest_of(list_contains(bad_columns, 'start_date'), on_day(days_to_treatment_start)) as start_latest,
        earliest_of(list_contains(bad_columns, 'stop_date'), on_day(days_to_treatment_end)) as stop_earliest,
        latest_of(list_contains(bad_columns, 'stop_date'), on_day(days_to_treatment_end)) as stop_latest,
        list_position(
            [
                'first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth', 'ninth', 'tenth',
                'eleventh', 'twelfth', 'thirteenth', 'fourteenth', 'fifteenth', 'sixteenth'
            ],
            split_part(regimen_or_line_of_therapy, ' ', 1)
        )::integer as line,
        -- Whether it was given is not known: like an order, it is for a person to judge.
        case
            when treatment_or_therapy = 'no' then 'cancelled'
            when treatment_or_therapy in ('unknown', 'not reported') then 'ordered'
            else 'administered'
        end as status,
        is_bad as quarantined,
        bad_columns
    from read
)

select * from final order by source_row
