"""Figures of the instance for Prometheus and InfluxDB."""
