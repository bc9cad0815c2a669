-- Which names and codes does no code list have?
-- Grain: one row per delivered row that bears one, with the patient (-1: nobody known) and the name as delivered.
with drugs as (select distinct domain, text from drug_names where match <> 'listed'),

coded as (
    select distinct kind, text, code_system, system_bad from coded_names where match <> 'listed'
),

final as (
    select 'treatments' as "table", treatments.patient, treatments.drug as name
    from raw_treatments as treatments
    join drugs on drugs.domain = 'drug' and drugs.text = treatments.drug
    union all
    select 'medications', medications.patient, medications.drug
    from raw_medications as medications
    join drugs on drugs.domain = 'drug' and drugs.text = medications.drug
    union all
    select 'allergies', allergies.patient, allergies.substance
    from raw_allergies as allergies
    join drugs on drugs.domain = 'allergy' and drugs.text = allergies.substance
    union all
    select 'conditions', conditions.patient, conditions.condition
    from raw_conditions as conditions
    join coded
        on coded.kind = 'condition'
        and coded.text = conditions.condition
        and coded.code_system is not distinct from conditions.code_system
        and coded.system_bad = list_contains(conditions.bad_columns, 'code_system')
    union all
    select 'observations', observations.patient, observations.observation
    from raw_observations as observations
    join coded
        on coded.kind = 'observation'
        and coded.text = observations.observation
        and coded.code_system is not distinct from observations.code_system
        and coded.system_bad = list_contains(observations.bad_columns, 'code_system')
    union all
    select 'procedures', procedures.patient, procedures.procedure
    from raw_procedures as procedures
    join coded
        on coded.kind = 'procedure'
        and coded.text = procedures.procedure
        and coded.code_system is not distinct from procedures.code_system
        and coded.system_bad = list_contains(procedures.bad_columns, 'code_system')
)

select "table", patient, name from final
