"""What the instance does, as figures for Prometheus and InfluxDB."""
