"""What the doctor says of DNS and of the certificate, in three languages."""

from parvis.kernel.languages import Language

TEXTS: dict[str, dict[Language, str]] = {
    "unreachable": {
        "en": "DNS does not answer: {why}",
        "fr": "le DNS ne répond pas : {why}",
        "vi": "DNS không trả lời: {why}",
    },
    "host-missing": {
        "en": "{host} has no address; set it, with the address of this server",
        "fr": "{host} n'a pas d'adresse ; la définir, avec l'adresse de ce serveur",
        "vi": "{host} chưa có địa chỉ; hãy đặt, với địa chỉ của máy chủ này",
    },
    "ptr-good": {
        "en": "{address} leads back to {host}",
        "fr": "{address} ramène bien à {host}",
        "vi": "{address} trỏ ngược về {host}",
    },
    "ptr-wrong": {
        "en": "{address} leads back to {names}; whoever gave you the address can set",
        "fr": "{address} ramène à {names} ; le fournisseur de l'adresse peut définir",
        "vi": "{address} trỏ ngược về {names}; nhà cung cấp địa chỉ có thể đặt",
    },
    "tls-good": {
        "en": "the certificate is for {names}, for {days} more days",
        "fr": "le certificat vaut pour {names}, encore {days} jours",
        "vi": "chứng chỉ dành cho {names}, còn {days} ngày",
    },
    "tls-own": {
        "en": "the certificate is made here: mail servers take it, MTA-STS and mail programs want one of an "
        "authority (`tls_certificate`)",
        "fr": "le certificat est fait ici : les serveurs l'acceptent, MTA-STS et les logiciels de courrier en "
        "veulent un d'une autorité (`tls_certificate`)",
        "vi": "chứng chỉ do máy chủ tự tạo: máy chủ thư chấp nhận, còn MTA-STS và phần mềm thư cần chứng chỉ của "
        "một tổ chức cấp (`tls_certificate`)",
    },
    "tls-unsigned": {
        "en": "no authority has signed the certificate of `tls_certificate`",
        "fr": "aucune autorité n'a signé le certificat de `tls_certificate`",
        "vi": "chứng chỉ trong `tls_certificate` chưa được tổ chức nào ký",
    },
    "tls-names": {
        "en": "the certificate is for {names} and not for {host}",
        "fr": "le certificat vaut pour {names} et non pour {host}",
        "vi": "chứng chỉ dành cho {names}, không phải cho {host}",
    },
    "tls-ends": {
        "en": "the certificate has {days} days left",
        "fr": "il reste {days} jours au certificat",
        "vi": "chứng chỉ còn {days} ngày",
    },
    "tls-unread": {
        "en": "the certificate cannot be read: {why}",
        "fr": "le certificat est illisible : {why}",
        "vi": "không đọc được chứng chỉ: {why}",
    },
    "mx-good": {
        "en": "mail goes to {hosts}",
        "fr": "le courrier va à {hosts}",
        "vi": "thư được gửi đến {hosts}",
    },
    "mx-missing": {
        "en": "no server takes its mail; set",
        "fr": "aucun serveur ne reçoit son courrier ; définir",
        "vi": "chưa có máy chủ nào nhận thư; hãy đặt",
    },
    "mx-other": {
        "en": "mail goes to {hosts}, which is not this server; if it should come here, set",
        "fr": "le courrier va à {hosts}, qui n'est pas ce serveur ; pour le recevoir ici, définir",
        "vi": "thư được gửi đến {hosts}, không phải máy chủ này; nếu muốn nhận ở đây, hãy đặt",
    },
    "spf-good": {
        "en": "this server may send ({record})",
        "fr": "ce serveur peut envoyer ({record})",
        "vi": "máy chủ này được phép gửi ({record})",
    },
    "spf-missing": {
        "en": "nothing says who may send; set",
        "fr": "rien ne dit qui peut envoyer ; définir",
        "vi": "chưa có bản ghi nào nói ai được gửi; hãy đặt",
    },
    "spf-several": {
        "en": "several records, which is an error; leave one, such as",
        "fr": "plusieurs enregistrements, ce qui est une erreur ; n'en garder qu'un, par exemple",
        "vi": "có nhiều bản ghi, đó là lỗi; chỉ giữ một, chẳng hạn",
    },
    "spf-wrong": {
        "en": "for {address} it says {result} ({record}); set",
        "fr": "pour {address} il dit {result} ({record}) ; définir",
        "vi": "với {address}, kết quả là {result} ({record}); hãy đặt",
    },
    "spf-relay": {
        "en": "see that it lets {relay} send, by which mail leaves ({record})",
        "fr": "vérifier qu'il autorise {relay}, par qui le courrier part ({record})",
        "vi": "hãy kiểm tra rằng {relay}, nơi chuyển thư đi, được phép gửi ({record})",
    },
    "dkim-good": {
        "en": "the key {selector} is published",
        "fr": "la clé {selector} est publiée",
        "vi": "khóa {selector} đã được công bố",
    },
    "dkim-missing": {
        "en": "the key {selector} is not published; set",
        "fr": "la clé {selector} n'est pas publiée ; définir",
        "vi": "khóa {selector} chưa được công bố; hãy đặt",
    },
    "dkim-other": {
        "en": "another key is published as {selector}; set",
        "fr": "une autre clé est publiée sous {selector} ; définir",
        "vi": "một khóa khác được công bố dưới tên {selector}; hãy đặt",
    },
    "dmarc-good": {
        "en": "forged mail is met with {wish} ({at})",
        "fr": "le courrier usurpé est traité par {wish} ({at})",
        "vi": "thư giả mạo bị xử lý bằng {wish} ({at})",
    },
    "dmarc-mild": {
        "en": "the policy of {at} does nothing about forged mail; p=quarantine or p=reject would",
        "fr": "la politique de {at} ne fait rien contre l'usurpation ; p=quarantine ou p=reject le ferait",
        "vi": "chính sách của {at} không ngăn thư giả mạo; hãy dùng p=quarantine hoặc p=reject",
    },
    "dmarc-missing": {
        "en": "nothing says what to do with forged mail; set",
        "fr": "rien ne dit que faire du courrier usurpé ; définir",
        "vi": "chưa có bản ghi nào nói phải làm gì với thư giả mạo; hãy đặt",
    },
    "dmarc-deaf": {
        "en": "forged mail is met with {wish} ({at}), but nobody reports it to you; set",
        "fr": "le courrier usurpé est traité par {wish} ({at}), mais personne ne vous le signale ; définir",
        "vi": "thư giả mạo bị xử lý bằng {wish} ({at}), nhưng không ai báo cho bạn; hãy đặt",
    },
    "sts-testing": {
        "en": "other servers are asked to use TLS and to report what fails; once nothing does, set "
        "`mail.mta_sts` to enforce",
        "fr": "les autres serveurs sont priés d'utiliser TLS et de signaler les échecs ; quand il n'y en a plus, "
        "régler `mail.mta_sts` sur enforce",
        "vi": "máy chủ khác được yêu cầu dùng TLS và báo lỗi; khi không còn lỗi, đặt `mail.mta_sts` thành enforce",
    },
    "sts-enforce": {
        "en": "other servers deliver by TLS only",
        "fr": "les autres serveurs ne livrent que par TLS",
        "vi": "máy chủ khác chỉ chuyển thư qua TLS",
    },
    "sts-none": {
        "en": "the policy asks for nothing (mode none)",
        "fr": "la politique ne demande rien (mode none)",
        "vi": "chính sách không yêu cầu gì (chế độ none)",
    },
    "sts-missing": {
        "en": "TLS is not required on the way to you: let mta-sts.{domain} lead to this server by HTTPS, then set",
        "fr": "TLS n'est pas exigé vers vous : faire mener mta-sts.{domain} à ce serveur, en HTTPS, puis définir",
        "vi": "TLS chưa bắt buộc trên đường đến bạn: hãy trỏ mta-sts.{domain} về máy chủ này, qua HTTPS, rồi đặt",
    },
    "sts-off": {
        "en": "TLS is not required on the way to you; a policy is served once `tls_certificate` is set and "
        "`mail.mta_sts` is not none",
        "fr": "TLS n'est pas exigé vers vous ; une politique est servie dès que `tls_certificate` est défini et "
        "que `mail.mta_sts` n'est pas none",
        "vi": "TLS chưa bắt buộc trên đường đến bạn; chính sách được công bố khi đã đặt `tls_certificate` và "
        "`mail.mta_sts` khác none",
    },
    "sts-unreachable": {
        "en": "DNS announces a policy, but https://mta-sts.{domain}/.well-known/mta-sts.txt cannot be read: {why}",
        "fr": "le DNS annonce une politique, mais https://mta-sts.{domain}/.well-known/mta-sts.txt est "
        "illisible : {why}",
        "vi": "DNS báo có chính sách, nhưng không đọc được https://mta-sts.{domain}/.well-known/mta-sts.txt: {why}",
    },
    "sts-mx": {
        "en": "mail goes to {hosts}, which the policy does not name: other servers may keep it back; add to "
        "`mail.exchangers` or change the MX record",
        "fr": "le courrier va à {hosts}, que la politique ne nomme pas : d'autres serveurs peuvent le retenir ; "
        "ajouter à `mail.exchangers` ou changer l'enregistrement MX",
        "vi": "thư đi đến {hosts}, không có trong chính sách: máy chủ khác có thể giữ thư lại; hãy thêm vào "
        "`mail.exchangers` hoặc đổi bản ghi MX",
    },
    "sts-id": {
        "en": "the policy has changed; others look at it again after",
        "fr": "la politique a changé ; les autres la reliront après",
        "vi": "chính sách đã đổi; máy chủ khác sẽ đọc lại sau khi đặt",
    },
    "rpt-good": {
        "en": "reports about TLS are asked for ({record})",
        "fr": "les rapports sur TLS sont demandés ({record})",
        "vi": "đã yêu cầu báo cáo về TLS ({record})",
    },
    "rpt-missing": {
        "en": "other servers would report trouble with TLS after",
        "fr": "les autres serveurs signaleraient les problèmes de TLS avec",
        "vi": "máy chủ khác sẽ báo lỗi TLS nếu đặt",
    },
}


def say(language: Language, key: str, **values: str) -> str:
    """The sentence of a key."""
    return TEXTS[key][language].format(**values)
