"""Words of chat that people read."""

from collections.abc import Mapping

from parvis.kernel.languages import Language

ROOMS: Mapping[Language, str] = {"en": "Chat rooms", "fr": "Salons", "vi": "Phòng trò chuyện"}
"""The name of the account that all rooms belong to."""

LET_IN: Mapping[Language, str] = {
    "fr": "{program} demande à lire et à envoyer vos messages du chat.",
    "vi": "{program} muốn đọc và gửi tin nhắn trò chuyện của bạn.",
    "en": "{program} asks to read and send your chat messages.",
}
TAKE_BACK: Mapping[Language, str] = {
    "fr": "Vous pouvez lui retirer l’accès à tout moment dans les réglages, sous Sécurité.",
    "vi": "Bạn có thể thu hồi quyền bất cứ lúc nào trong phần cài đặt, ở mục Bảo mật.",
    "en": "You can take the access back at any time in the settings, under Security.",
}
RESET: Mapping[Language, str] = {
    "fr": "Un de vos programmes de chat demande à remplacer votre identité de chiffrement. "
    "Vos interlocuteurs devront vous vérifier à nouveau.",
    "vi": "Một chương trình trò chuyện của bạn muốn thay danh tính mã hóa của bạn. "
    "Người đối thoại sẽ phải xác minh lại bạn.",
    "en": "One of your chat programs asks to replace your encryption identity. "
    "The people you write to will have to verify you once more.",
}
RESET_DONE: Mapping[Language, str] = {
    "fr": "Revenez au programme dans les cinq minutes.",
    "vi": "Hãy quay lại chương trình trong vòng năm phút.",
    "en": "Go back to the program within five minutes.",
}
