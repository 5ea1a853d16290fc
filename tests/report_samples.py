"""Reports as large receivers write them: the same facts in the shape of each."""

import gzip
import io
import json
import zipfile
from email.message import EmailMessage
from email.policy import SMTP

DAY = 86_400


def google(domain: str, begin: int, rows: list[tuple[str, int, str, str, str]], number: str = "123") -> bytes:
    """`rows` are source, count, disposition, dkim, spf."""
    records = "".join(
        f"""  <record>
    <row>
      <source_ip>{source}</source_ip>
      <count>{count}</count>
      <policy_evaluated>
        <disposition>{done}</disposition>
        <dkim>{dkim}</dkim>
        <spf>{spf}</spf>
      </policy_evaluated>
    </row>
    <identifiers>
      <header_from>{domain}</header_from>
    </identifiers>
    <auth_results>
      <dkim><domain>{domain}</domain><result>{dkim}</result><selector>a</selector></dkim>
      <spf><domain>{domain}</domain><result>{spf}</result></spf>
    </auth_results>
  </record>
"""
        for source, count, done, dkim, spf in rows
    )
    return f"""<?xml version="1.0" encoding="UTF-8" ?>
<feedback>
  <report_metadata>
    <org_name>google.com</org_name>
    <email>noreply-dmarc-support@google.com</email>
    <extra_contact_info>https://support.google.com/a/answer/2466580</extra_contact_info>
    <report_id>{number}</report_id>
    <date_range>
      <begin>{begin}</begin>
      <end>{begin + DAY - 1}</end>
    </date_range>
  </report_metadata>
  <policy_published>
    <domain>{domain}</domain>
    <adkim>r</adkim>
    <aspf>r</aspf>
    <p>none</p>
    <sp>none</sp>
    <pct>100</pct>
    <np>none</np>
  </policy_published>
{records}</feedback>
""".encode()


MICROSOFT = b"""<?xml version="1.0"?>
<feedback xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <version>1.0</version>
  <report_metadata><org_name>Outlook.com</org_name><email>dmarcreport@microsoft.com</email>
    <report_id>9d1f7e0c6c0b4e3c8d0f</report_id><date_range><begin>1790000000</begin><end>1790086400</end></date_range>
  </report_metadata>
  <policy_published><domain>example.org</domain><adkim>r</adkim><aspf>r</aspf><p>quarantine</p><sp>quarantine</sp>
    <pct>100</pct><fo>0</fo></policy_published>
  <record><row><source_ip>2001:0db8:0000::0001</source_ip><count>3</count><policy_evaluated>
    <disposition>quarantine</disposition><dkim>fail</dkim><spf>fail</spf></policy_evaluated></row>
    <identifiers><envelope_to>outlook.fr</envelope_to><envelope_from>x.example</envelope_from>
      <header_from>news.example.org</header_from></identifiers>
    <auth_results><spf><domain>x.example</domain><scope>mfrom</scope><result>softfail</result></spf></auth_results>
  </record>
</feedback>"""
YAHOO = b"""<?xml version="1.0"?><feedback><report_metadata><org_name>Yahoo</org_name>
<email>dmarchelp@yahooinc.com</email><report_id>1790000000.123456</report_id>
<date_range><begin>1790000000</begin><end>1790086399</end></date_range></report_metadata>
<policy_published><domain>example.org</domain><adkim>r</adkim><aspf>r</aspf><p>reject</p><pct>100</pct></policy_published>
<record><row><source_ip>192.0.2.1</source_ip><count>7</count><policy_evaluated><disposition>none</disposition>
<dkim>pass</dkim><spf>fail</spf><reason><type>forwarded</type><comment/></reason></policy_evaluated></row>
<identifiers><header_from>EXAMPLE.org</header_from></identifiers><auth_results>
<dkim><domain>example.org</domain><result>pass</result></dkim><spf><domain>fwd.example</domain><result>pass</result></spf>
</auth_results></record>
<record><row><source_ip>192.0.2.1</source_ip><count>2</count><policy_evaluated><disposition>none</disposition>
<dkim>pass</dkim><spf>fail</spf></policy_evaluated></row>
<identifiers><header_from>example.org</header_from></identifiers></record></feedback>"""
FASTMAIL = b"""<?xml version="1.0" encoding="UTF-8"?>
<d:feedback xmlns:d="urn:ietf:params:xml:ns:dmarc-2.0"><d:version>1.0</d:version>
<d:report_metadata><d:org_name>Fastmail Pty Ltd</d:org_name><d:email>reports@fastmaildmarc.com</d:email>
<d:report_id>77</d:report_id><d:date_range><d:begin>1790000000</d:begin><d:end>1790086400</d:end></d:date_range>
<d:generator>Mail::DMARC</d:generator></d:report_metadata>
<d:policy_published><d:domain>example.org</d:domain><d:discovery_method>treewalk</d:discovery_method><d:p>none</d:p>
</d:policy_published>
<d:record><d:row><d:source_ip>192.0.2.1</d:source_ip><d:count>4</d:count><d:policy_evaluated>
<d:disposition>pass</d:disposition><d:dkim>pass</d:dkim><d:spf>pass</d:spf></d:policy_evaluated></d:row>
<d:identifiers><d:header_from>example.org</d:header_from></d:identifiers></d:record></d:feedback>"""


def tls(domain: str, day: str, good: int, failures: list[tuple[str, int, str]], number: str = "tls-1") -> bytes:
    """As Google writes it; `failures` are result type, sessions, receiving host."""
    return json.dumps(
        {
            "organization-name": "Google Inc.",
            "date-range": {"start-datetime": f"{day}T00:00:00Z", "end-datetime": f"{day}T23:59:59Z"},
            "contact-info": "smtp-tls-reporting@google.com",
            "report-id": number,
            "policies": [
                {
                    "policy": {
                        "policy-type": "sts",
                        "policy-string": ["version: STSv1", "mode: testing", "mx: mail.example.org"],
                        "policy-domain": domain,
                        "mx-host": ["mail.example.org"],
                    },
                    "summary": {
                        "total-successful-session-count": good,
                        "total-failure-session-count": sum(count for _, count, _ in failures),
                    },
                    "failure-details": [
                        {
                            "result-type": result,
                            "sending-mta-ip": "198.51.100.62",
                            "receiving-mx-hostname": host,
                            "failed-session-count": count,
                        }
                        for result, count, host in failures
                    ],
                }
            ],
        }
    ).encode()


def zipped(name: str, data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return out.getvalue()


def dmarc_mail(
    domain: str, data: bytes, packed: str = "gzip", *, proved: bool = True, by: str = "localhost", to: str = ""
) -> bytes:
    """The message that brings a report, as it is stored."""
    message = EmailMessage()
    verdict = "pass" if proved else "fail"
    message["Authentication-Results"] = f"{by}; dkim={verdict} header.d=google.com; dmarc={verdict}"
    message["From"] = "noreply-dmarc-support@google.com"
    message["To"] = to or f"postmaster@{domain}"
    message["Subject"] = f"Report domain: {domain} Submitter: google.com Report-ID: 123"
    name = f"google.com!{domain}!1790000000!1790086399"
    if packed == "gzip":
        message.add_attachment(gzip.compress(data), "application", "gzip", filename=f"{name}.xml.gz")
    elif packed == "zip":
        data = zipped(f"{name}.xml", data)
        message.add_attachment(data, "application", "zip", filename=f"{name}.zip")
    else:
        message.set_content("This is a DMARC aggregate report.")
        message.add_attachment(data, "text", "xml", filename=f"{name}.xml")
    return message.as_bytes(policy=SMTP)


def tls_mail(domain: str, data: bytes, *, packed: bool = True, by: str = "localhost") -> bytes:
    """multipart/report as RFC 8460 §5.3 has it."""
    message = EmailMessage()
    message["Authentication-Results"] = f"{by}; dkim=pass header.d=google.com; dmarc=pass"
    message["From"] = "noreply-smtp-tls-reporting@google.com"
    message["To"] = f"postmaster@{domain}"
    message["Subject"] = f"Report Domain: {domain} Submitter: google.com Report-ID: <1@google.com>"
    message["TLS-Report-Domain"] = domain
    message["TLS-Report-Submitter"] = "google.com"
    message.set_content("This is an aggregate TLS report from google.com")
    kind, body = ("tlsrpt+gzip", gzip.compress(data)) if packed else ("tlsrpt+json", data)
    message.add_attachment(body, "application", kind, filename="google.com!example.org!1!2!001.json.gz")
    message.replace_header("Content-Type", "multipart/report; report-type=tlsrpt")
    message.set_boundary("b0undary")
    return message.as_bytes(policy=SMTP)
