-- The role that Grafana reads with: `psql chantilly --file reader.sql`, then `ALTER ROLE chantilly_grafana PASSWORD '...'`.
-- It sees how the models do, but neither features nor predictions nor the models themselves.
CREATE ROLE chantilly_grafana LOGIN;
GRANT USAGE ON SCHEMA public TO chantilly_grafana;
GRANT SELECT ON models_app_servedmodel, monitoring_metricsnapshot, monitoring_driftalert, monitoring_callstatistics
    TO chantilly_grafana;
GRANT SELECT (model_id, generation, first_seq, last_seq, committed_at) ON models_app_journalsegment TO chantilly_grafana;
GRANT SELECT (model_id, predicted_at) ON models_app_pendingprediction TO chantilly_grafana;
GRANT SELECT (model_id, generation, seq, size_bytes, taken_at) ON models_app_snapshot TO chantilly_grafana;
