"""The assistant: models, answers, receipts. It sees features only through Source and Tool."""
