"""The only place that imports a vendor's package; heavy ones are imported where they are used."""
