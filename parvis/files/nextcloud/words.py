"""What is asked and said when a program is let in."""

from parvis.kernel.languages import Language

ASKS: dict[Language, str] = {
    "fr": "{program} demande à lire et à modifier vos fichiers, agendas et contacts.",
    "vi": "{program} muốn đọc và sửa các tệp, lịch và danh bạ của bạn.",
    "en": "{program} asks to read and change your files, calendars and contacts.",
}
TAKE_BACK: dict[Language, str] = {
    "fr": "Vous pouvez lui retirer l’accès à tout moment dans les réglages (mots de passe d’application).",
    "vi": "Bạn có thể thu hồi quyền bất cứ lúc nào trong phần cài đặt, ở mục mật khẩu ứng dụng.",
    "en": "You can take the access back at any time in the settings, among the app passwords.",
}
