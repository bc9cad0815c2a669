-- Which delivered cells cannot be used, and which field of which table do they spoil?
-- Grain: one row per table of the contract, source row, delivered column and rule. What the reader found
-- (numbers, words, ends before starts), and what only this source asks for.
with targets as (select "file", "column", "table", field from cell_targets),

row_targets as (
    select 'treatments' as "file", source_row, "table" from treatment_targets
    union all
    select 'patients', source_row, unnest(['patients', 'conditions']) from source.raw_patients
),

births as (select source_row, birth_latest, day_bad, age_bad, age_differs from patient_days),

patients as (
    select source_row, primary_diagnosis, morphology, days_to_birth, days_to_death, days_to_last_follow_up,
        bad_columns
    from source.raw_patients
),

treatments as (
    select source_row, therapeutic_agents, treatment_type, days_to_treatment_start, days_to_treatment_end,
        coalesce(treatment_or_therapy <> 'no', true) as was_given, bad_columns
    from source.raw_treatments
),

days as (
    select 'patients' as "file", source_row, 'days_to_birth' as "column", days_to_birth as days from patients
    union all select 'patients', source_row, 'days_to_death', days_to_death from patients
    union all select 'patients', source_row, 'days_to_last_follow_up', days_to_last_follow_up from patients
    union all select 'treatments', source_row, 'days_to_treatment_start', days_to_treatment_start from treatments
    union all select 'treatments', source_row, 'days_to_treatment_end', days_to_treatment_end from treatments
),

blanks as (
    select 'patients' as "file", source_row, 'days_to_birth' as "column"
    from births
    where birth_latest is null and not day_bad
    union all
    select 'patients', source_row, 'primary_diagnosis'
    from patients
    where primary_diagnosis is null and morphology is null
        and not list_has_any(bad_columns, ['primary_diagnosis', 'morphology'])
    union all
    select 'treatments', source_row, 'therapeutic_agents'
    from treatments
    where therapeutic_agents is null and treatment_type is null
        and not list_has_any(bad_columns, ['therapeutic_agents', 'treatment_type'])
    union all
    select 'treatments', source_row, 'days_to_treatment_start'
    from treatments
    where was_given and days_to_treatment_start is null and not list_contains(bad_columns, 'days_to_treatment_start')
),

faults as (
    select "table" as "file", source_row, "column", rule, reason from source.quarantine
    union all
    select "file", source_row, "column", 'required_blank', 'A required column is blank.' from blanks
    union all
    select "file", source_row, "column", 'bad_date', 'Not a day of the years 1900 to 2100.'
    from days
    where year(on_day(days)) not between 1900 and 2100
    union all
    select 'patients', source_row, 'age_at_index', 'bad_age', 'Neither whole years up to 120 nor > 89.'
    from births
    where age_bad
    union all
    select
        'patients', source_row, 'days_to_birth', 'age_differs', 'The age and the day of birth contradict each other.'
    from births
    where age_differs
),

final as (
    select targets."table", faults.source_row, faults."column", targets.field, faults.rule, faults.reason
    from faults
    join row_targets on row_targets."file" = faults."file" and row_targets.source_row = faults.source_row
    join targets
        on targets."file" = faults."file"
        and targets."column" = faults."column"
        and targets."table" = row_targets."table"
)

select "table", source_row, "column", field, rule, reason from final
