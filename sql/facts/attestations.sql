-- What did a person last answer to each criterion?
-- Grain: one row per patient, trial and criterion; columns as in schemas.facts.ATTESTATIONS. An open answer is
-- none (null), but takes the place of an older answer under another name of the trial.
with judged as (select * from judged_attestations),

final as (select * replace (case when not is_open then answer end as answer) from judged)

select patient, trial_id, criterion_id, answer, date, source_row
from final
order by patient, trial_id, criterion_id
