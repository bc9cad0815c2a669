-- What does the registry say of each person?
-- Grain: one row per patient; rows delivered more than once are folded. Ranks: sex in SEXES, yes/no 0 and 1.
-- Tie rule: different dates of birth give the span of both, different words leave the attribute open
-- (conflicting_values); a blank beside a value says nothing. A cell that could not be read leaves it open.
with delivered as (
    select
        rows.patient,
        rows.patient_id,
        rows.site,
        -- Nobody is born after the as-of date.
        case when rows.birth_earliest <= as_of() then rows.birth_earliest end as birth_earliest,
        case when rows.birth_earliest <= as_of() then least(rows.birth_latest, as_of()) end as birth_latest,
        list_contains(rows.bad_columns, 'birth_date') or rows.birth_earliest > as_of() as birth_bad,
        case when rows.sex <> 'unknown' then rank_of('sexes', rows.sex) end as sex,
        list_contains(rows.bad_columns, 'sex') as sex_bad,
        rank_of('yes_no', rows.childbearing_potential) as childbearing_potential,
        list_contains(rows.bad_columns, 'childbearing_potential') as childbearing_potential_bad,
        rows.vital_status,
        list_contains(rows.bad_columns, 'vital_status') as vital_status_bad,
        rows.death_earliest,
        case
            when not list_contains(rows.bad_columns, 'last_contact_date')
                and rows.last_contact_earliest <= as_of()
                then least(rows.last_contact_latest, as_of())
        end as last_contact_latest,
        rows.contact_permitted,
        list_contains(rows.bad_columns, 'contact_permitted') as contact_permitted_bad
    from batch_patients as rows
    where rows.patient >= 0
),

folded as (
    select
        patient,
        patient_id,
        min(site) as site,
        min(birth_earliest) filter (where not birth_bad) as birth_earliest,
        max(birth_latest) filter (where not birth_bad) as birth_latest,
        coalesce(bool_or(birth_bad), false) as birth_bad,
        count(distinct {'earliest': birth_earliest, 'latest': birth_latest})
            filter (where birth_earliest is not null and not birth_bad) > 1 as birth_differs,
        min(sex) as sex_low,
        max(sex) as sex_high,
        bool_or(sex_bad) as sex_bad,
        min(childbearing_potential) as childbearing_potential_low,
        max(childbearing_potential) as childbearing_potential_high,
        bool_or(childbearing_potential_bad) as childbearing_potential_bad,
        bool_or(coalesce(vital_status = 'dead', false) or coalesce(death_earliest <= as_of(), false)) as deceased,
        -- Of several words the one that asks for the most care.
        case
            when bool_or(vital_status = 'dead') then 'dead'
            when bool_or(vital_status = 'unknown') then 'unknown'
            when not bool_or(vital_status_bad) then min(vital_status)
        end as vital_status,
        max(last_contact_latest) as last_contact_latest,
        case
            when bool_or(contact_permitted = 'no') then 'no'
            when not bool_or(contact_permitted_bad) then min(contact_permitted)
        end as contact_permitted
    from delivered
    group by patient, patient_id
),

final as (
    select
        patient,
        patient_id,
        site,
        case when birth_bad or birth_earliest is null then beginning() else birth_earliest end as birth_earliest,
        case when birth_bad or birth_earliest is null then as_of() else birth_latest end as birth_latest,
        case
            when birth_bad then reason('quarantined')
            when birth_earliest is null then reason('never_recorded')
            when birth_differs then reason('conflicting_values')
            when birth_earliest < birth_latest then reason('partial_date')
            else 0
        end as birth_reasons,
        case when sex_bad or sex_low is null then 0 else sex_low end as sex_low,
        case when sex_bad or sex_low is null then highest_rank('sexes') else sex_high end as sex_high,
        case
            when sex_bad then reason('quarantined')
            when sex_low is null then reason('never_recorded')
            when sex_low < sex_high then reason('conflicting_values')
            else 0
        end as sex_reasons,
        case
            when childbearing_potential_bad or childbearing_potential_low is null then 0
            else childbearing_potential_low
        end as childbearing_potential_low,
        case
            when childbearing_potential_bad or childbearing_potential_low is null then 1
            else childbearing_potential_high
        end as childbearing_potential_high,
        case
            when childbearing_potential_bad then reason('quarantined')
            when childbearing_potential_low is null then reason('never_recorded')
            when childbearing_potential_low < childbearing_potential_high then reason('conflicting_values')
            else 0
        end as childbearing_potential_reasons,
        deceased,
        vital_status,
        last_contact_latest,
        contact_permitted
    from folded
)

select
    patient, patient_id, site, birth_earliest, birth_latest, birth_reasons, sex_low, sex_high, sex_reasons,
    childbearing_potential_low, childbearing_potential_high, childbearing_potential_reasons, deceased,
    vital_status, last_contact_latest, contact_permitted
from final
order by patient
