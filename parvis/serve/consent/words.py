"""What the pages say on which somebody lets a program in."""

from parvis.kernel.languages import Language

_WORDS: dict[str, dict[Language, str]] = {
    "title": {
        "fr": "Un programme demande l’accès à votre compte",
        "vi": "Một chương trình muốn truy cập tài khoản của bạn",
        "en": "A program asks for access to your account",
    },
    "from": {
        "fr": "La demande vient de l’adresse {remote}.",
        "vi": "Yêu cầu đến từ địa chỉ {remote}.",
        "en": "The request comes from the address {remote}.",
    },
    "careful": {
        "fr": "N’acceptez que si vous venez de lancer cette connexion vous-même, dans ce programme.",
        "vi": "Chỉ đồng ý nếu chính bạn vừa bắt đầu đăng nhập trong chương trình này.",
        "en": "Allow it only if you have just begun this yourself, in that program.",
    },
    "signed_in": {
        "fr": "Vous êtes {who}.",
        "vi": "Bạn là {who}.",
        "en": "You are {who}.",
    },
    "address": {"fr": "Adresse", "vi": "Địa chỉ", "en": "Address"},
    "password": {"fr": "Mot de passe", "vi": "Mật khẩu", "en": "Password"},
    "allow": {"fr": "Autoriser", "vi": "Cho phép", "en": "Allow"},
    "sign_in_allow": {
        "fr": "Se connecter et autoriser",
        "vi": "Đăng nhập và cho phép",
        "en": "Sign in and allow",
    },
    "refuse": {"fr": "Refuser", "vi": "Từ chối", "en": "Refuse"},
    "wrong": {
        "fr": "Adresse ou mot de passe incorrect.",
        "vi": "Địa chỉ hoặc mật khẩu không đúng.",
        "en": "The address or the password is wrong.",
    },
    "wait": {
        "fr": "Trop d’essais. Réessayez dans quelques minutes.",
        "vi": "Thử quá nhiều lần. Hãy thử lại sau vài phút.",
        "en": "Too many tries. Try again in a few minutes.",
    },
    "allowed": {
        "fr": "C’est fait. Vous pouvez fermer cette page et revenir au programme.",
        "vi": "Đã xong. Bạn có thể đóng trang này và quay lại chương trình.",
        "en": "Done. You can close this page and go back to the program.",
    },
    "link": {"fr": "Connecter un appareil", "vi": "Kết nối thiết bị", "en": "Connect a device"},
    "link_how": {
        "fr": "Saisissez le code que l’appareil affiche.",
        "vi": "Nhập mã hiển thị trên thiết bị.",
        "en": "Enter the code that the device shows.",
    },
    "code": {"fr": "Code", "vi": "Mã", "en": "Code"},
    "next": {"fr": "Continuer", "vi": "Tiếp tục", "en": "Continue"},
    "wrong_code": {
        "fr": "Ce code n’existe pas, ou il a expiré. Redemandez-en un sur l’appareil.",
        "vi": "Mã này không tồn tại hoặc đã hết hạn. Hãy lấy mã mới trên thiết bị.",
        "en": "There is no such code, or it is over. Ask the device for a new one.",
    },
    "refused": {
        "fr": "Refusé. Le programme n’a reçu aucun accès.",
        "vi": "Đã từ chối. Chương trình không được truy cập.",
        "en": "Refused. The program was given no access.",
    },
    "unknown": {
        "fr": "Ce programme est inconnu ici. Revenez-y et recommencez la connexion.",
        "vi": "Chương trình này không được biết đến ở đây. Hãy quay lại và đăng nhập lại từ đầu.",
        "en": "This program is not known here. Go back to it and begin signing in once more.",
    },
    "gone": {
        "fr": "Cette demande a expiré. Recommencez dans le programme.",
        "vi": "Yêu cầu này đã hết hạn. Hãy bắt đầu lại trong chương trình.",
        "en": "This request is over. Begin again in the program.",
    },
}


def say(key: str, language: Language, **values: object) -> str:
    """A sentence in a language."""
    return _WORDS[key][language].format(**values)
