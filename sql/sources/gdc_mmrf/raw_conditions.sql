-- The diagnosis that the source states for each patient.
-- Grain: one row per delivered row of patients. Multiple myeloma is confirmed where the registry also gives its
-- morphology (ICD-O-3 9732/3); any other pair of words and code leaves the confirmation open. The diagnosis was
-- made on some day up to the index date, the day of the first treatment.
with rows as (
    select source_row, case_submitter_id, primary_diagnosis, morphology from source.raw_patients
),

faults as (select source_row, bad_columns from bad_columns where "table" = 'conditions'),

final as (
    select
        rows.source_row,
        rows.case_submitter_id as patient_id,
        coalesce(
            rows.primary_diagnosis,
            case
                when rows.morphology = '9732/3' and not coalesce(list_contains(faults.bad_columns, 'condition'), false)
                    then 'multiple myeloma'
            end
        ) as condition,
        beginning() as onset_earliest,
        index_date() as onset_latest,
        case
            when rows.morphology = '9732/3' and lower(rows.primary_diagnosis) in ('multiple myeloma', 'plasma cell myeloma')
                then 'yes'
        end as confirmed,
        faults.source_row is not null as quarantined,
        coalesce(faults.bad_columns, []) as bad_columns
    from rows
    left join faults on faults.source_row = rows.source_row
)

select * from final order by source_row
