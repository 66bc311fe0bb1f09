-- One commit of an engine. Parameters: the batches, what they claim, what they predict, what they replay (JSON each), and
-- the texts of their segments. A part from --[NAME to --] is left out, with its parameter, where no batch has any.
-- Numbers are cast where they are read: a parameter's type would go by its value. The gate is that of
-- `models_app.models.transactions`.
WITH gate AS MATERIALIZED (SELECT pg_advisory_xact_lock_shared(7020)),
w AS MATERIALIZED (
    SELECT w.* FROM gate, json_to_recordset(%s::json) AS w(
        n int, model bigint, generation int, seq bigint, n_learns int, learned_at float8, n_predictions int,
        predicted_at float8, relies boolean, kept text, n_claims int, n_replays int, text int)
),
--[claims
c AS MATERIALIZED (
    SELECT c.* FROM gate, json_to_recordset(%s::json) AS c(n int, id text, token bigint)
),
--]
--[predictions
p AS MATERIALIZED (
    SELECT p.* FROM gate, json_to_recordset(%s::json) AS p(
        n int, id text, model bigint, token bigint, features text, prediction text, predicted_at float8,
        is_learned boolean, owner text)
),
--]
--[replays
r AS MATERIALIZED (
    SELECT r.* FROM gate, json_to_recordset(%s::json) AS r(n int, id bigint, after_seq bigint, seq bigint)
),
--]
models AS MATERIALIZED (
    SELECT w.n FROM models_app_servedmodel m JOIN w ON m.id = w.model
    WHERE m.generation = w.generation AND m.seq = w.seq AND m.is_default >= w.relies
        AND m.features_kept = w.kept
    ORDER BY m.id FOR NO KEY UPDATE OF m
),
--[claims
claims AS MATERIALIZED (
    SELECT c.n FROM models_app_pendingprediction d JOIN c ON d.prediction_id = c.id AND d.token = c.token
    ORDER BY d.prediction_id FOR UPDATE OF d
),
--]
--[replays
replays AS MATERIALIZED (
    SELECT r.n FROM models_app_replay e JOIN r ON e.id = r.id AND e.seq = r.after_seq
    ORDER BY e.id FOR NO KEY UPDATE OF e
),
--]
good AS MATERIALIZED (
    SELECT w.* FROM w JOIN models USING (n)
    WHERE true
--[claims
        AND w.n_claims = (SELECT count(*) FROM claims WHERE claims.n = w.n)
--]
--[replays
        AND w.n_replays = (SELECT count(*) FROM replays WHERE replays.n = w.n)
--]
),
advanced AS (
    UPDATE models_app_servedmodel m
    SET seq = m.seq + g.n_learns, n_predictions = m.n_predictions + g.n_predictions,
        last_learned_at = coalesce(to_timestamp(g.learned_at), m.last_learned_at),
        last_predicted_at = coalesce(to_timestamp(g.predicted_at), m.last_predicted_at)
    FROM good g WHERE m.id = g.model
),
--[replays
moved AS (
    UPDATE models_app_replay e SET seq = r.seq FROM r JOIN good USING (n) WHERE e.id = r.id
),
--]
--[claims
claimed AS (
    DELETE FROM models_app_pendingprediction d USING c JOIN good USING (n)
    WHERE d.prediction_id = c.id
--[predictions
        AND NOT EXISTS (SELECT FROM p WHERE p.n = c.n AND p.id = c.id)
--]
),
--]
--[predictions
kept AS (
    INSERT INTO models_app_pendingprediction
        (prediction_id, model_id, token, features, prediction, predicted_at, is_learned, owner)
    SELECT p.id, p.model, p.token, p.features, p.prediction, to_timestamp(p.predicted_at), p.is_learned,
        p.owner
    FROM p JOIN good USING (n) ORDER BY p.id
    ON CONFLICT (prediction_id) DO UPDATE
    SET model_id = excluded.model_id, token = excluded.token, features = excluded.features,
        prediction = excluded.prediction, predicted_at = excluded.predicted_at,
        is_learned = excluded.is_learned, owner = excluded.owner
),
--]
appended AS (
    INSERT INTO models_app_journalsegment
        (model_id, generation, first_seq, last_seq, learns, committed_at, commit_xid)
    SELECT g.model, g.generation, g.seq + 1, g.seq + g.n_learns, (%s::text[])[g.text],
        to_timestamp(g.learned_at), pg_current_xact_id()::text::bigint
    FROM good g WHERE g.n_learns > 0
    RETURNING id, model_id
)
SELECT good.n, appended.id FROM good LEFT JOIN appended ON appended.model_id = good.model
