"""Authentication of mail: SPF, DKIM, DomainKeys, DMARC, ARC, SRS, Authentication-Results. Usable without the server."""
