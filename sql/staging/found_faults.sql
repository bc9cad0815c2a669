-- Which rows cannot be used for a reason that only the code lists or the table of patients can show?
-- Grain: one row per table, source row, column and rule; adds to what the loader found.
with dated as (
    select 'conditions' as "table", source_row, patient_id, patient from batch_conditions
    union all select 'observations', source_row, patient_id, patient from batch_observations
    union all select 'treatments', source_row, patient_id, patient from batch_treatments
    union all select 'responses', source_row, patient_id, patient from batch_responses
    union all select 'procedures', source_row, patient_id, patient from batch_procedures
    union all select 'medications', source_row, patient_id, patient from batch_medications
    union all select 'allergies', source_row, patient_id, patient from batch_allergies
    union all select 'trial_participation', source_row, patient_id, patient from batch_trial_participation
    union all select 'attestations', source_row, patient_id, patient from batch_attestations
    union all select 'screening_log', source_row, patient_id, patient from batch_screening_log
    union all select 'coverage', source_row, patient_id, patient from batch_coverage
),

unknown_patients as (
    select
        "table",
        source_row,
        'patient_id' as "column",
        'unknown_patient' as rule,
        'The table of patients does not have this patient.' as reason
    from dated
    where patient < 0 and patient_id is not null
),

births as (
    select
        'patients' as "table",
        source_row,
        'birth_date' as "column",
        'birth_after_as_of' as rule,
        'The date of birth is after the as-of date.' as reason
    from batch_patients
    where birth_earliest > as_of()
),

observations as (
    select source_row, has_unknown_unit, has_wrong_type, is_implausible
    from stg_observations
    where has_unknown_unit or has_wrong_type or is_implausible
),

results as (
    select
        'observations' as "table",
        source_row,
        'unit' as "column",
        'unknown_unit' as rule,
        'The unit is missing, or is not listed for this observation.' as reason
    from observations
    where has_unknown_unit
    union
    select
        'observations',
        source_row,
        'value',
        'wrong_kind_of_value',
        'The observation takes a number, or positive or negative, and the value is the other.'
    from observations
    where has_wrong_type
    union
    select
        'observations',
        source_row,
        'value',
        'implausible_value',
        'The value is outside the plausible range of this observation.'
    from observations
    where is_implausible
),

final as (
    select * from unknown_patients
    union all
    select * from births
    union all
    select * from results
)

select "table", source_row, "column", rule, reason from final
