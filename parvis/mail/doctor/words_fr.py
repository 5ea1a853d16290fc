"""The words of the doctor in French. See words_en"""

REASONS: dict[str, tuple[str, str, str]] = {
    "alone": (
        "Laissée de côté",
        "l'adresse a déjà refusé définitivement du courrier",
        "Si elle est de nouveau bonne, la libérer dans les réglages de la file.",
    ),
    "dnssec": (
        "Le DNS se tait sur le certificat",
        "le DNS devrait dire quel certificat est bon (DANE) et ne répond pas",
        "C'est à l'autre côté de corriger son DNS (DNSSEC) ; le courrier attend.",
    ),
    "dane": (
        "Le certificat n'est pas celui du DNS",
        "le certificat n'est pas celui que le DNS nomme (DANE)",
        "C'est à l'autre côté de corriger ; le courrier attend.",
    ),
    "sts": (
        "Absent de leur politique",
        "le serveur n'est pas de ceux que nomme la politique du domaine (MTA-STS)",
        "C'est à l'autre côté de corriger sa politique ou ses enregistrements MX.",
    ),
    "no-tls": (
        "TLS non proposé",
        "le domaine exige TLS et son serveur n'en propose pas",
        "C'est à l'autre côté de corriger, ou quelqu'un s'est mis entre les deux.",
    ),
    "certificate": (
        "Mauvais certificat",
        "le domaine exige un certificat valable et son serveur en montre un autre",
        "C'est à l'autre côté de renouveler son certificat.",
    ),
    "tls-wanted": (
        "TLS exigé",
        "l'autre serveur n'accepte que TLS, et le nôtre ne l'a pas commencé",
        "Vérifier que rien ne retire STARTTLS entre ce serveur et internet (un pare-feu le peut).",
    ),
    "microsoft-block": (
        "Bloqué par Microsoft",
        "Microsoft a bloqué l'adresse de ce serveur",
        "Demander la levée sur https://sender.office.com ou https://olcsupport.office.com, et vérifier que "
        "personne n'envoie de spam d'ici.",
    ),
    "microsoft-slow": (
        "Ralenti par Microsoft",
        "Microsoft accepte peu de courrier de cette adresse tant qu'elle lui est peu connue",
        "Rien, sinon envoyer régulièrement ; cela passe tout seul. Les plaintes aggravent.",
    ),
    "yahoo-slow": (
        "Différé par Yahoo",
        "Yahoo a vu des quantités inhabituelles ou des plaintes venant de cette adresse",
        "Attendre ; l'envoi est retenté. Voir https://senders.yahooinc.com et proposer le désabonnement des "
        "listes.",
    ),
    "ptr": (
        "Adresse sans nom",
        "l'adresse de ce serveur ne ramène pas à son nom",
        "Définir l'enregistrement PTR indiqué sur cette page, chez le fournisseur de l'adresse.",
    ),
    "google-slow": (
        "Ralenti par Gmail",
        "Gmail a vu un débit inhabituel venant de cette adresse ou de ce domaine",
        "Attendre ; l'envoi est retenté. https://postmaster.google.com dit ce que Gmail pense de vous.",
    ),
    "dmarc": (
        "Origine non prouvée",
        "l'autre serveur n'a pas pu voir que le courrier vient de votre domaine (SPF, DKIM, DMARC)",
        "Définir les enregistrements SPF, DKIM et DMARC indiqués sur cette page ; il sera accepté.",
    ),
    "dkim": (
        "Signature non valable",
        "la signature (DKIM) manque ou sa clé n'est pas dans le DNS",
        "Définir les enregistrements DKIM indiqués sur cette page.",
    ),
    "spf": (
        "Serveur non autorisé",
        "l'enregistrement SPF de votre domaine ne nomme pas ce serveur",
        "Définir l'enregistrement SPF indiqué sur cette page.",
    ),
    "blocklist": (
        "Sur une liste de blocage",
        "l'adresse de ce serveur est sur une liste d'expéditeurs de spam",
        "Voir https://check.spamhaus.org, mettre fin à la cause (mot de passe volé, formulaire ouvert), puis "
        "demander le retrait.",
    ),
    "grey": (
        "Prié de revenir",
        "l'autre serveur fait d'abord attendre les inconnus quelques minutes (greylisting)",
        "Rien ; l'envoi est retenté tout seul.",
    ),
    "login": (
        "Connexion refusée",
        "le serveur intermédiaire (`relay`) ne connaît pas ce nom et ce mot de passe",
        "Voir `relay.username` et `relay.password` dans les réglages.",
    ),
    "relay": (
        "Non transmis",
        "l'autre serveur ne prend pas de courrier pour ce domaine",
        "L'enregistrement MX du domaine nomme le mauvais serveur, ou votre `relay` ne vous connaît pas.",
    ),
    "big": (
        "Trop gros",
        "le message est plus gros que ce que l'autre côté accepte",
        "Envoyer un lien, ou une pièce jointe plus petite.",
    ),
    "full": (
        "Boîte pleine",
        "la boîte du destinataire est pleine",
        "Le prévenir autrement.",
    ),
    "no-mail": (
        "N'accepte pas de courrier",
        "le domaine déclare n'accepter aucun courrier",
        "Vérifier que l'adresse est bien écrite.",
    ),
    "spam": (
        "Pris pour du spam",
        "l'autre serveur pense que c'est du spam",
        "Regarder ce qui a été envoyé et par qui ; un nouveau serveur met quelques semaines à être connu.",
    ),
    "unknown": (
        "Adresse inconnue",
        "personne n'a cette adresse",
        "Vérifier que l'adresse est bien écrite, et la retirer des listes.",
    ),
    "slow": (
        "Trop à la fois",
        "l'autre serveur n'en prend pas plus pour le moment",
        "Rien ; l'envoi est retenté, plus lentement.",
    ),
    "no-domain": (
        "Domaine inconnu",
        "le domaine de l'adresse n'existe pas",
        "Vérifier que l'adresse est bien écrite.",
    ),
    "sender": (
        "Expéditeur non accepté",
        "l'autre serveur ne peut rien faire de l'adresse de l'expéditeur",
        "Vérifier que le domaine de l'expéditeur a un enregistrement MX.",
    ),
    "address": (
        "Adresse non acceptée",
        "l'autre serveur ne peut rien faire de l'adresse",
        "Vérifier que l'adresse est bien écrite.",
    ),
    "closed": (
        "Boîte fermée",
        "la boîte est désactivée",
        "Prévenir autrement, et retirer l'adresse des listes.",
    ),
    "no-dns": (
        "Le DNS ne répond pas",
        "le domaine ne peut pas être cherché pour le moment",
        "Si beaucoup de domaines sont touchés, voir `dns.nameservers` ; sinon c'est à l'autre côté de corriger.",
    ),
    "no-route": (
        "Pas de serveur",
        "aucun serveur du domaine n'a d'adresse",
        "C'est à l'autre côté de corriger son DNS.",
    ),
    "loop": (
        "Tourne en rond",
        "le message revient sans cesse",
        "Quelqu'un se transmet son propre courrier : regarder les filtres et les listes.",
    ),
    "unreached": (
        "Injoignable",
        "l'autre serveur ne répond pas",
        "Si aucun ne répond, le port 25 est peut-être fermé vers internet : demander à qui gère votre "
        "réseau. Sinon attendre.",
    ),
    "policy": (
        "Pas voulu",
        "l'autre serveur refuse selon une règle à lui",
        "Sa réponse dit laquelle ; sinon demander à son postmaster.",
    ),
    "content": (
        "Pas compris",
        "l'autre serveur ne prend pas de courrier de cette forme",
        "L'envoyer sans caractères particuliers ni pièces jointes.",
    ),
    "busy": (
        "L'autre serveur a un problème",
        "l'autre serveur a ses propres problèmes",
        "Rien ; l'envoi est retenté.",
    ),
    "later": (
        "Différé",
        "l'autre serveur demande de réessayer plus tard",
        "Rien ; l'envoi est retenté.",
    ),
    "other": (
        "Refusé",
        "l'autre serveur refuse",
        "Sa réponse dit pourquoi.",
    ),
}
FINDINGS: dict[str, tuple[str, str, str]] = {
    "refused": (
        "",
        "Non remis : {messages} à {domains}, car {why}.",
        "",
    ),
    "waits": (
        "",
        "En attente : {messages} à {domains}, car {why}.",
        "",
    ),
    "proved": (
        "Le courrier en votre nom",
        "Sur {total} se disant de {domain} ces {days} derniers jours, l'origine est prouvée pour {proved}.",
        "",
    ),
    "own-unproved": (
        "Votre courrier n'est pas prouvé",
        "{messages} venant de {address}, qui est à vous, sans preuve de venir de {domain}.",
        "Définir les enregistrements SPF et DKIM de {domain} indiqués sur cette page.",
    ),
    "own-unsigned": (
        "La signature ne tient pas",
        "{messages} venant de {address}, qui est à vous, sans signature valable de {domain} ; seule "
        "l'adresse a fait preuve.",
        "Définir les enregistrements DKIM indiqués sur cette page : rien d'autre ne prouve un courrier transféré.",
    ),
    "stranger": (
        "Quelqu'un écrit en votre nom",
        "{messages} au nom de {domain} venant de {address}, qui n'est pas à vous (acceptés : {let}, mis en "
        "indésirables : {junk}, refusés : {refused}).",
        "Un service qui envoie pour vous ? Le faire signer (DKIM) et le nommer dans SPF. Sinon c'est de "
        "l'usurpation, et un DMARC plus strict l'arrête.",
    ),
    "strangers": (
        "D'autres écrivent en votre nom",
        "{messages} au nom de {domain} venant de {addresses} autres adresses (acceptés : {let}, mis en "
        "indésirables : {junk}, refusés : {refused}).",
        "",
    ),
    "stricter": (
        "DMARC peut être plus strict",
        "Tout votre courrier de {domain} est prouvé depuis {days} jours : "
        "l'usurpation peut être traitée par {next} au lieu de {wish}.",
        "Définir cet enregistrement, sauf si l'un de ceux qui écrivent en votre nom est un service à vous.",
    ),
    "tls-fine": (
        "Le courrier arrive chiffré",
        "{sessions} vers {domain} ces {days} derniers jours, toutes chiffrées selon les autres serveurs, "
        "aucune en échec.",
        "",
    ),
    "tls-starttls": (
        "TLS non proposé",
        "{sessions} vers {host} en échec : TLS n'était pas proposé.",
        "Vérifier que rien devant ce serveur ne retire STARTTLS.",
    ),
    "tls-certificate": (
        "D'autres refusent notre certificat",
        "{sessions} vers {host} en échec : {result}.",
        "Vérifier que `tls_certificate` vient d'une autorité, n'a pas expiré et nomme {host}.",
    ),
    "tls-dane": (
        "DANE ne correspond pas",
        "{sessions} vers {host} en échec : {result}.",
        "L'enregistrement TLSA doit être celui du certificat utilisé maintenant.",
    ),
    "tls-sts": (
        "Notre politique MTA-STS est illisible",
        "D'autres n'ont pas pu lire la politique de {domain} : {result}, {sessions}.",
        "Vérifier que https://mta-sts.{domain}/.well-known/mta-sts.txt s'ouvre dans un navigateur sans "
        "avertissement.",
    ),
    "tls-other": (
        "TLS échoue",
        "{sessions} vers {host} en échec : {result}.",
        "Vérifier le certificat et les versions de protocole de ce serveur.",
    ),
    "unread": (
        "Rapports illisibles",
        "Parmi les rapports reçus, {count} sont illisibles.",
        "Le journal du serveur dit pourquoi.",
    ),
}
RESULTS = {
    "certificate-expired": "le certificat a expiré",
    "certificate-host-mismatch": "le certificat est pour un autre nom",
    "certificate-not-trusted": "aucune autorité connue n'a signé le certificat",
    "validation-failure": "le certificat n'a pas pu être vérifié",
    "sts-policy-fetch-error": "elle n'a pas pu être lue",
    "sts-policy-invalid": "elle est mal formée",
    "sts-webpki-invalid": "le certificat de son serveur web n'est pas bon",
    "tlsa-invalid": "l'enregistrement TLSA ne correspond pas au certificat",
    "dnssec-invalid": "DNSSEC ne garantit pas l'enregistrement",
    "dane-required": "DANE était exigé et manque",
    "unknown": "personne n'a dit pourquoi",
}
"""What others report of TLS (RFC 8460 §4.3)."""
NOUNS = {
    "message": "1 message",
    "messages": "{n} messages",
    "session": "1 connexion",
    "sessions": "{n} connexions",
    "more": "{first} et {n} autres",
}
GROUP = "\u202f"
"""Between thousands."""
