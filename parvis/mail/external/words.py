"""What people read of an account at another provider that is not in step."""

from parvis.kernel.languages import Language

_SENTENCES: dict[str, dict[Language, str]] = {
    "signInFailed": {
        "en": "{host} does not accept the user name or password. Enter the password again; many providers want an"
        " app password, which is made in the settings there.",
        "fr": "{host} n’accepte pas l’identifiant ou le mot de passe. Saisissez à nouveau le mot de passe ;"
        " beaucoup de fournisseurs demandent un mot de passe d’application, à créer dans leurs réglages.",
        "vi": "{host} không chấp nhận tên người dùng hoặc mật khẩu. Hãy nhập lại mật khẩu; nhiều nhà cung cấp"
        " yêu cầu mật khẩu ứng dụng, tạo trong phần cài đặt của họ.",
    },
    "unreachable": {
        "en": "{host} does not answer. Mail that is here can be read; what you change is sent there as soon as it"
        " answers again. If this lasts, check the name and port of the server.",
        "fr": "{host} ne répond pas. Le courrier déjà présent reste lisible ; vos changements y seront envoyés dès"
        " qu’il répondra. Si cela dure, vérifiez le nom et le port du serveur.",
        "vi": "{host} không trả lời. Thư đã có ở đây vẫn đọc được; những thay đổi của bạn sẽ được gửi đi khi"
        " máy chủ trả lời. Nếu kéo dài, hãy kiểm tra tên và cổng máy chủ.",
    },
    "refused": {
        "en": "This server may not contact {host}. Ask your administrator.",
        "fr": "Ce serveur n’a pas le droit de contacter {host}. Demandez à votre administrateur.",
        "vi": "Máy chủ này không được phép kết nối với {host}. Hãy hỏi quản trị viên.",
    },
}
HERE: dict[Language, str] = {
    "en": "{address} is an address of this server: nothing needs to be added.",
    "fr": "{address} est une adresse de ce serveur : il n’y a rien à ajouter.",
    "vi": "{address} là địa chỉ của máy chủ này: không cần thêm gì.",
}
TWICE: dict[Language, str] = {
    "en": "{address} has been added already.",
    "fr": "{address} a déjà été ajouté.",
    "vi": "{address} đã được thêm rồi.",
}
ADDRESS: dict[Language, str] = {
    "en": "{address} is not a mail address.",
    "fr": "{address} n’est pas une adresse de courrier.",
    "vi": "{address} không phải là địa chỉ thư.",
}
FORBIDDEN: dict[Language, str] = {
    "en": "Your organisation does not allow accounts of other providers.",
    "fr": "Votre organisation n’autorise pas les comptes d’autres fournisseurs.",
    "vi": "Tổ chức của bạn không cho phép tài khoản của nhà cung cấp khác.",
}


def sentence(state: str, host: str, language: Language) -> str:
    """What is wrong and what to do; empty when nothing is wrong."""
    return _SENTENCES[state][language].format(host=host) if state in _SENTENCES else ""
