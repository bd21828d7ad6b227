"""Service Quotas: what an account may use, asked for over the API and enforced."""
