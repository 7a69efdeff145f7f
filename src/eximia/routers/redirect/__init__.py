"""Parts of the redirect router: reading its data, its files, and making addresses of them (manual chapter 22)."""
