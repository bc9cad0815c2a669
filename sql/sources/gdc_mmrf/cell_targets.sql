-- What does each delivered column become?
-- Grain: one row per delivered table and column and table of the contract that its row goes to. field: the
-- column there; null where the cell says nothing that this table holds (it is reported all the same).
with final ("file", "column", "table", field) as (
    values
    ('patients', 'case_submitter_id', 'patients', 'patient_id'),
    ('patients', 'case_submitter_id', 'conditions', 'patient_id'),
    ('patients', 'gender', 'patients', 'sex'),
    ('patients', 'age_at_index', 'patients', null),
    ('patients', 'days_to_birth', 'patients', 'birth_date'),
    ('patients', 'vital_status', 'patients', 'vital_status'),
    ('patients', 'days_to_death', 'patients', 'death_date'),
    ('patients', 'days_to_last_follow_up', 'patients', 'last_contact_date'),
    ('patients', 'primary_diagnosis', 'conditions', 'condition'),
    ('patients', 'morphology', 'conditions', 'confirmed'),
    ('treatments', 'case_submitter_id', 'treatments', 'patient_id'),
    ('treatments', 'case_submitter_id', 'procedures', 'patient_id'),
    ('treatments', 'regimen_or_line_of_therapy', 'treatments', 'line'),
    ('treatments', 'regimen_or_line_of_therapy', 'procedures', null),
    ('treatments', 'therapeutic_agents', 'treatments', 'drug'),
    ('treatments', 'therapeutic_agents', 'procedures', null),
    ('treatments', 'treatment_type', 'treatments', null),
    ('treatments', 'treatment_type', 'procedures', 'procedure'),
    ('treatments', 'days_to_treatment_start', 'treatments', 'start_date'),
    ('treatments', 'days_to_treatment_start', 'procedures', 'start_date'),
    ('treatments', 'days_to_treatment_end', 'treatments', 'stop_date'),
    ('treatments', 'days_to_treatment_end', 'procedures', 'stop_date'),
    ('treatments', 'treatment_or_therapy', 'treatments', 'status'),
    ('treatments', 'treatment_or_therapy', 'procedures', 'status')
)

select "file", "column", "table", field from final
