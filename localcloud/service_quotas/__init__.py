"""Service Quotas: applied quotas, readable over the API and enforced."""
