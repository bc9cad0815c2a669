-- What did a person last answer to each criterion, where that is clear?
-- Grain: one row per patient, trial and criterion; columns as in schemas.facts.ATTESTATIONS.
with judged as (select * from judged_attestations),

final as (select * from judged where not is_contradicted)

select patient, trial_id, criterion_id, answer, date, source_row
from final
order by patient, trial_id, criterion_id
