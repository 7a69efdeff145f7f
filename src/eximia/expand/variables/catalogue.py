"""The variables: which file has which. A file is loaded when one of its variables is first met.

Families (`$acl_m_...`, `$r_...`, `$auth1`...) are in `reference`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eximia.expand.nodes import Run

_HERE = "eximia.expand.variables."

_GROUPS = {
    "address": (
        "address_data address_file address_pipe bounce_recipient domain domain_data event_data event_defer_errno "
        "event_name home host host_address host_port local_part local_part_data local_part_prefix "
        "local_part_prefix_v local_part_suffix local_part_suffix_v local_user_gid local_user_uid original_domain "
        "original_local_part parent_domain parent_local_part recipient_data return_path router_name self_hostname "
        "sender_address_data sender_data sending_ip_address sending_port tpda_delivery_confirmation transport_name "
        "verify_mode warn_message_delay warn_message_recipients"
    ),
    "session": (
        "acl_verify_message atrn_host atrn_mode authenticated_fail_id authenticated_id authenticated_sender "
        "authentication_failed callout_address chunking_state connection_id csa_status dnslist_domain "
        "dnslist_matched dnslist_text dnslist_value host_data host_lookup_deferred host_lookup_failed "
        "interface_address interface_port ldap_dn lookup_dnssec_authenticated prdr_requested "
        "proxy_external_address proxy_external_port proxy_local_address "
        "proxy_local_port proxy_session prvscheck_address prvscheck_keynum "
        "prvscheck_result rcpt_count rcpt_defer_count rcpt_fail_count received_ip_address received_port "
        "sender_fullhost sender_helo_dnssec sender_helo_name sender_helo_verified sender_host_address "
        "sender_host_authenticated sender_host_dnssec sender_host_name sender_host_port sender_ident sender_rate "
        "sender_rate_limit sender_rate_period sender_rcvhost smtp_active_hostname smtp_command "
        "smtp_command_argument smtp_command_history smtp_count_at_connection_start smtp_notquit_reason "
        "srs_recipient"
    ),
    "message": (
        "body_linecount body_zerocount headers_added inode local_scan_data mailstore_basename "
        "max_received_linelength message_age message_body message_body_end message_body_size message_exim_id "
        "message_headers message_headers_raw message_id message_linecount message_size message_smtputf8 "
        "originator_gid originator_uid queue_name received_count received_for received_protocol received_time "
        "recipient_verify_failure recipients recipients_count recipients_list regex_match_string reply_address "
        "sender_address sender_address_domain sender_address_local_part sender_verify_failure thisaddress"
    ),
    "scope": ("acl_narg item key runrc value"),
    "process": (
        "bounce_return_size_limit caller_gid caller_uid compile_date compile_number config_dir config_file "
        "exim_gid exim_path exim_uid exim_version initial_cwd load_average localhost_number log_inodes log_space "
        "pid primary_hostname qualify_domain qualify_recipient queue_size spf_guess spool_directory "
        "spool_inodes spool_space version_number"
    ),
    "times": ("tod_bsdinbox tod_epoch tod_epoch_l tod_full tod_log tod_logfile tod_zone tod_zulu"),
    "tls": (
        "tls_bits tls_certificate_verified tls_cipher tls_in_bits tls_in_certificate_verified tls_in_cipher "
        "tls_in_cipher_std tls_in_ocsp tls_in_ourcert tls_in_peercert tls_in_peerdn tls_in_resumption tls_in_sni "
        "tls_in_ver tls_out_bits tls_out_certificate_verified tls_out_cipher tls_out_cipher_std tls_out_dane "
        "tls_out_ocsp tls_out_ourcert tls_out_peercert tls_out_peerdn tls_out_resumption tls_out_sni "
        "tls_out_tlsa_usage tls_out_ver tls_peerdn tls_sni"
    ),
    "mailauth": (
        "arc_domains arc_oldest_pass arc_state arc_state_reason dk_domain dk_is_signed dk_result dk_selector "
        "dk_sender dk_sender_domain dk_sender_local_part dk_sender_source dk_signsall dk_status dk_testing "
        "dkim_algo dkim_bodylength dkim_canon_body dkim_canon_headers dkim_copiedheaders dkim_created "
        "dkim_cur_signer dkim_domain dkim_expires dkim_headernames dkim_identity dkim_key_granularity "
        "dkim_key_length dkim_key_nosubdomains dkim_key_notes dkim_key_srvtype dkim_key_testing dkim_selector "
        "dkim_signers dkim_verify_reason dkim_verify_signers dkim_verify_status dmarc_alignment_dkim "
        "dmarc_alignment_spf dmarc_ar_header dmarc_domain_policy dmarc_status dmarc_status_text dmarc_used_domain "
        "dmarc_used_domains spf_header_comment spf_received spf_result spf_result_guessed spf_smtp_comment "
        "srs_db_address srs_db_key srs_orig_recipient srs_orig_sender srs_status"
    ),
    "scan": (
        "greylist_key greylist_wait user_limit_left user_limit_used user_limit_wait "
        "av_failed bmi_alt_location bmi_base64_tracker_verdict bmi_base64_verdict bmi_deliver dcc_header "
        "dcc_result malware_name mime_anomaly_level mime_anomaly_text mime_boundary mime_charset "
        "mime_content_description mime_content_disposition mime_content_id mime_content_size "
        "mime_content_transfer_encoding mime_content_type mime_decoded_filename mime_filename mime_is_coverletter "
        "mime_is_multipart mime_is_rfc822 mime_part_count rspamd_message rspamd_symbols spam_action "
        "spam_bar spam_report spam_score spam_score_int"
    ),
}

#: names that variables had before -> today's names
OLD_NAMES = {
    "default_hostname": "primary_hostname",
    "proxy_host": "proxy_local_address",
    "proxy_host_address": "proxy_local_address",
    "proxy_host_port": "proxy_local_port",
    "proxy_target_address": "proxy_external_address",
    "proxy_target_port": "proxy_external_port",
    "return_size_limit": "bounce_return_size_limit",
    "tpda_data": "event_data",
    "tpda_defer_errno": "event_defer_errno",
    "tpda_defer_errstr": "event_data",
    "tpda_delivery_domain": "domain",
    "tpda_delivery_fqdn": "host",
    "tpda_delivery_ip": "host_address",
    "tpda_delivery_local_part": "local_part",
    "tpda_delivery_port": "host_port",
    "tpda_event": "event_name",
    "warnmsg_delay": "warn_message_delay",
    "warn_message_recipient": "warn_message_recipients",
    "warnmsg_recipient": "warn_message_recipients",
    "warnmsg_recipients": "warn_message_recipients",
}

#: variable -> the file that has it
VARIABLES = {name: group for group, names in _GROUPS.items() for name in names.split()}
VARIABLES |= {old: VARIABLES[name] for old, name in OLD_NAMES.items()}


def find(name: str) -> Run | None:
    """The function that reads variable `name`, families excepted."""
    group = VARIABLES.get(name)
    if group is None:
        return None
    run: Run = import_module(_HERE + group).VARIABLES[OLD_NAMES.get(name, name)]
    return run
