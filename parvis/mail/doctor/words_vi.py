"""The words of the doctor in Vietnamese. See words_en"""

REASONS: dict[str, tuple[str, str, str]] = {
    "alone": (
        "Tạm ngừng gửi",
        "địa chỉ này trước đây đã từ chối hẳn thư",
        "Nếu nay đã đúng, hãy bỏ chặn trong phần cài đặt hàng đợi.",
    ),
    "dnssec": (
        "DNS không cho biết chứng chỉ",
        "DNS lẽ ra phải nói chứng chỉ nào đúng (DANE) mà không trả lời",
        "Bên kia phải sửa DNS (DNSSEC); thư vẫn chờ.",
    ),
    "dane": (
        "Chứng chỉ không khớp DNS",
        "chứng chỉ không phải là chứng chỉ DNS nêu (DANE)",
        "Bên kia phải sửa; thư vẫn chờ.",
    ),
    "sts": (
        "Không có trong chính sách của họ",
        "máy chủ không nằm trong chính sách của tên miền (MTA-STS)",
        "Bên kia phải sửa chính sách hoặc bản ghi MX.",
    ),
    "no-tls": (
        "Không có TLS",
        "tên miền yêu cầu TLS mà máy chủ của họ không có",
        "Bên kia phải sửa, hoặc có kẻ chen vào giữa.",
    ),
    "certificate": (
        "Chứng chỉ sai",
        "tên miền yêu cầu chứng chỉ đúng mà máy chủ của họ đưa chứng chỉ khác",
        "Bên kia phải gia hạn chứng chỉ.",
    ),
    "tls-wanted": (
        "Bắt buộc TLS",
        "máy chủ kia chỉ nhận thư qua TLS mà máy chủ này chưa dùng",
        "Hãy kiểm tra không có gì giữa máy chủ này và internet gỡ bỏ STARTTLS (tường lửa có thể làm vậy).",
    ),
    "microsoft-block": (
        "Bị Microsoft chặn",
        "Microsoft đã chặn địa chỉ của máy chủ này",
        "Xin gỡ chặn tại https://sender.office.com hoặc https://olcsupport.office.com, và kiểm tra không ai "
        "gửi thư rác từ đây.",
    ),
    "microsoft-slow": (
        "Bị Microsoft làm chậm",
        "Microsoft nhận ít thư từ địa chỉ này cho đến khi biết rõ hơn",
        "Chỉ cần gửi đều đặn; rồi sẽ tự hết. Nhiều khiếu nại sẽ làm tệ hơn.",
    ),
    "yahoo-slow": (
        "Bị Yahoo hoãn",
        "Yahoo thấy lượng thư bất thường hoặc có khiếu nại từ địa chỉ này",
        "Hãy chờ; thư sẽ được gửi lại. Xem https://senders.yahooinc.com và cho phép hủy đăng ký danh sách.",
    ),
    "ptr": (
        "Địa chỉ không có tên",
        "địa chỉ của máy chủ này không trỏ ngược về tên của nó",
        "Đặt bản ghi PTR mà trang này nêu, tại nơi cấp địa chỉ.",
    ),
    "google-slow": (
        "Bị Gmail làm chậm",
        "Gmail thấy tốc độ gửi bất thường từ địa chỉ hoặc tên miền này",
        "Hãy chờ; thư sẽ được gửi lại. Xem https://postmaster.google.com để biết Gmail đánh giá thế nào.",
    ),
    "dmarc": (
        "Không chứng minh được là của bạn",
        "máy chủ kia không thấy thư là từ tên miền của bạn (SPF, DKIM, DMARC)",
        "Đặt các bản ghi SPF, DKIM và DMARC mà trang này nêu; thư sẽ được nhận.",
    ),
    "dkim": (
        "Chữ ký không hợp lệ",
        "thiếu chữ ký (DKIM) hoặc khóa không có trong DNS",
        "Đặt các bản ghi DKIM mà trang này nêu.",
    ),
    "spf": (
        "Máy chủ không được phép gửi",
        "bản ghi SPF của tên miền không nêu máy chủ này",
        "Đặt bản ghi SPF mà trang này nêu.",
    ),
    "blocklist": (
        "Nằm trong danh sách chặn",
        "địa chỉ của máy chủ này nằm trong danh sách nguồn thư rác",
        "Xem https://check.spamhaus.org, chấm dứt nguyên nhân (mật khẩu bị lộ, biểu mẫu mở), rồi xin gỡ.",
    ),
    "grey": (
        "Được hẹn quay lại",
        "máy chủ kia để người lạ chờ vài phút lần đầu (greylisting)",
        "Không cần làm gì; thư tự được gửi lại.",
    ),
    "login": (
        "Không đăng nhập được",
        "máy chủ trung gian (`relay`) không nhận tên và mật khẩu này",
        "Xem `relay.username` và `relay.password` trong thiết lập.",
    ),
    "relay": (
        "Không được chuyển tiếp",
        "máy chủ kia không nhận thư cho tên miền này",
        "Bản ghi MX của tên miền trỏ sai máy chủ, hoặc `relay` không biết bạn.",
    ),
    "big": (
        "Quá lớn",
        "thư lớn hơn mức bên kia nhận",
        "Gửi liên kết, hoặc tệp đính kèm nhỏ hơn.",
    ),
    "full": (
        "Hộp thư đầy",
        "hộp thư của người nhận đã đầy",
        "Hãy báo cho họ bằng cách khác.",
    ),
    "no-mail": (
        "Không nhận thư",
        "tên miền này tuyên bố không nhận thư",
        "Kiểm tra địa chỉ có viết đúng không.",
    ),
    "spam": (
        "Bị coi là thư rác",
        "máy chủ kia cho rằng đây là thư rác",
        "Xem lại đã gửi gì và ai gửi; máy chủ mới cần vài tuần để được biết đến.",
    ),
    "unknown": (
        "Địa chỉ không tồn tại",
        "không ai có địa chỉ này",
        "Kiểm tra địa chỉ có viết đúng không, và bỏ khỏi các danh sách.",
    ),
    "slow": (
        "Quá nhiều cùng lúc",
        "máy chủ kia lúc này không nhận thêm",
        "Không cần làm gì; thư được gửi lại, chậm hơn.",
    ),
    "no-domain": (
        "Tên miền không tồn tại",
        "tên miền của địa chỉ không tồn tại",
        "Kiểm tra địa chỉ có viết đúng không.",
    ),
    "sender": (
        "Không chấp nhận người gửi",
        "máy chủ kia không dùng được địa chỉ người gửi",
        "Kiểm tra tên miền người gửi có bản ghi MX.",
    ),
    "address": (
        "Không chấp nhận địa chỉ",
        "máy chủ kia không dùng được địa chỉ này",
        "Kiểm tra địa chỉ có viết đúng không.",
    ),
    "closed": (
        "Hộp thư đã đóng",
        "hộp thư đã bị tắt",
        "Hãy báo bằng cách khác, và bỏ địa chỉ khỏi các danh sách.",
    ),
    "no-dns": (
        "DNS không trả lời",
        "lúc này không tra được tên miền",
        "Nếu nhiều tên miền đều vậy, xem `dns.nameservers`; nếu không, bên kia phải sửa.",
    ),
    "no-route": (
        "Không có máy chủ",
        "không máy chủ nào của tên miền có địa chỉ",
        "Bên kia phải sửa DNS.",
    ),
    "loop": (
        "Chạy vòng quanh",
        "thư cứ quay lại mãi",
        "Có ai đó chuyển thư về chính mình: xem các bộ lọc và danh sách.",
    ),
    "unreached": (
        "Không kết nối được",
        "máy chủ kia không trả lời",
        "Nếu tất cả đều vậy, cổng 25 ra internet có thể bị đóng: hãy hỏi bên quản lý mạng. Nếu không, hãy chờ.",
    ),
    "policy": (
        "Không được nhận",
        "máy chủ kia từ chối theo quy tắc riêng",
        "Câu trả lời nói rõ; nếu không, hãy hỏi postmaster bên đó.",
    ),
    "content": (
        "Không hiểu được",
        "máy chủ kia không nhận thư dạng này",
        "Gửi lại không có ký tự đặc biệt hay tệp đính kèm.",
    ),
    "busy": (
        "Máy chủ kia gặp sự cố",
        "máy chủ kia đang gặp sự cố",
        "Không cần làm gì; thư được gửi lại.",
    ),
    "later": (
        "Bị hoãn",
        "máy chủ kia đề nghị thử lại sau",
        "Không cần làm gì; thư được gửi lại.",
    ),
    "other": (
        "Bị từ chối",
        "máy chủ kia từ chối",
        "Câu trả lời nói lý do.",
    ),
}
FINDINGS: dict[str, tuple[str, str, str]] = {
    "refused": (
        "",
        "Không giao được: {messages} đến {domains}, vì {why}.",
        "",
    ),
    "waits": (
        "",
        "Đang chờ: {messages} đến {domains}, vì {why}.",
        "",
    ),
    "proved": (
        "Thư mang tên bạn",
        "Trong {total} nói là từ {domain} {days} ngày qua, {proved} chứng minh được.",
        "",
    ),
    "own-unproved": (
        "Thư của bạn không được chứng minh",
        "{messages} từ {address}, là của bạn, không chứng minh được là từ {domain}.",
        "Đặt bản ghi SPF và DKIM của {domain} mà trang này nêu.",
    ),
    "own-unsigned": (
        "Chữ ký không hợp lệ",
        "{messages} từ {address}, là của bạn, không có chữ ký hợp lệ của {domain}; chỉ địa chỉ làm bằng chứng.",
        "Đặt các bản ghi DKIM mà trang này nêu: thư được chuyển tiếp chỉ nhờ đó mà chứng minh được.",
    ),
    "stranger": (
        "Có người viết mang tên bạn",
        "{messages} mang tên {domain} đến từ {address}, không phải của bạn: {let} được nhận, {junk} vào thư "
        "rác, {refused} bị từ chối.",
        "Là dịch vụ gửi thay bạn? Hãy để họ ký (DKIM) và nêu trong SPF. Nếu không, đó là giả mạo, và DMARC "
        "chặt hơn sẽ ngăn lại.",
    ),
    "strangers": (
        "Những người khác mang tên bạn",
        "{messages} mang tên {domain} đến từ {addresses} địa chỉ khác: {let} được nhận, {junk} vào thư rác, "
        "{refused} bị từ chối.",
        "",
    ),
    "stricter": (
        "DMARC có thể chặt hơn",
        "Mọi thư của bạn từ {domain} đã được chứng minh trong {days} ngày: "
        "thư giả mạo có thể bị xử lý bằng {next} thay vì {wish}.",
        "Hãy đặt bản ghi này, trừ khi một trong những người viết mang tên bạn là dịch vụ của bạn.",
    ),
    "tls-fine": (
        "Thư đến được mã hóa",
        "{sessions} đến {domain} trong {days} ngày qua đều được mã hóa theo báo cáo, không lần nào lỗi.",
        "",
    ),
    "tls-starttls": (
        "Không có TLS",
        "{sessions} đến {host} bị lỗi: máy chủ không đưa ra TLS.",
        "Kiểm tra không có gì trước máy chủ này gỡ bỏ STARTTLS.",
    ),
    "tls-certificate": (
        "Chứng chỉ của ta bị từ chối",
        "{sessions} đến {host} bị lỗi: {result}.",
        "Kiểm tra `tls_certificate` do tổ chức cấp, chưa hết hạn và có tên {host}.",
    ),
    "tls-dane": (
        "DANE không khớp",
        "{sessions} đến {host} bị lỗi: {result}.",
        "Bản ghi TLSA phải là của chứng chỉ đang dùng.",
    ),
    "tls-sts": (
        "Không đọc được chính sách MTA-STS của ta",
        "Máy chủ khác không đọc được chính sách của {domain}: {result}, {sessions}.",
        "Kiểm tra https://mta-sts.{domain}/.well-known/mta-sts.txt mở được trong trình duyệt mà không có cảnh báo.",
    ),
    "tls-other": (
        "TLS bị lỗi",
        "{sessions} đến {host} bị lỗi: {result}.",
        "Kiểm tra chứng chỉ và phiên bản giao thức của máy chủ này.",
    ),
    "unread": (
        "Báo cáo không đọc được",
        "Trong các báo cáo đã đến, {count} không đọc được.",
        "Nhật ký máy chủ nói lý do.",
    ),
}
RESULTS = {
    "certificate-expired": "chứng chỉ đã hết hạn",
    "certificate-host-mismatch": "chứng chỉ dành cho tên khác",
    "certificate-not-trusted": "không tổ chức quen biết nào ký chứng chỉ",
    "validation-failure": "không kiểm tra được chứng chỉ",
    "sts-policy-fetch-error": "không tải được",
    "sts-policy-invalid": "sai định dạng",
    "sts-webpki-invalid": "chứng chỉ của máy chủ web không đúng",
    "tlsa-invalid": "bản ghi TLSA không khớp chứng chỉ",
    "dnssec-invalid": "DNSSEC không bảo đảm bản ghi",
    "dane-required": "yêu cầu DANE mà không có",
    "unknown": "không ai nói lý do",
}
"""What others report of TLS (RFC 8460 §4.3)."""
NOUNS = {
    "message": "1 thư",
    "messages": "{n} thư",
    "session": "1 kết nối",
    "sessions": "{n} kết nối",
    "more": "{first} và {n} nơi khác",
}
GROUP = "."
"""Between thousands."""
