"""SPF: may this host send for this domain (RFC 7208, manual 58.4)?"""
