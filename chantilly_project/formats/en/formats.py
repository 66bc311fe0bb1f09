"""Django's own format leaves out the seconds."""

DATETIME_FORMAT = "Y-m-d H:i:s"
